// Whether an app did not start because somebody else had its port.
import { AppFailure } from './servers.ts'

/** The port that the app could not have, where it says which; undefined when that was not why it failed. */
export function takenPort(error: unknown): { readonly port: number | undefined } | undefined {
  if (!(error instanceof AppFailure)) return undefined
  const said = error.lastLines.join('\n')
  if (!/EADDRINUSE|address (?:is )?already in use/i.test(said)) return undefined
  const port = /in use\S* \S*:(\d+)/i.exec(said)?.[1]
  return { port: port === undefined ? undefined : Number(port) }
}
