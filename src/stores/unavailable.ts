// The one error a store raises when its backend cannot answer (R3), worded alike by all of them.
import { DroverError } from '../base/errors.ts'

/** STORE_UNAVAILABLE: "Cannot <doing>: <state>". The cause is kept where there is one. */
export function unavailable(doing: string, state: string, cause?: unknown): DroverError {
  const message = `Cannot ${doing}: ${state}`
  return new DroverError('STORE_UNAVAILABLE', message, cause === undefined ? {} : { cause })
}

/** SESSION_ID_TAKEN, for create and replace. The key is not shown: it stands for somebody's session. */
export function idTaken(): DroverError {
  return new DroverError('SESSION_ID_TAKEN', 'Cannot store the session: its key exists, wanted a new one')
}

/** What to say about a failure of any kind. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
