// Waits until a server that the test started says that it is ready.
import type { ChildProcess } from 'node:child_process'
import { until } from './until.ts'

/** Enough of what it says for the error when it never gets there; what comes later is read, and forgotten. */
const mostKept = 100_000

/** The first truthy answer of `look` to all that `child` has said; rejects with that when it ends first. */
export async function ready<T>(
  child: ChildProcess,
  name: string,
  look: (said: string) => T | Promise<T>,
  timeoutMs?: number,
): Promise<Exclude<NonNullable<T>, false>> {
  let said = ''
  let failure: Error | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (said.length < mostKept) said += String(chunk)
    })
  }
  child.once('error', (error) => {
    failure = error
  })
  child.once('exit', (code) => {
    failure ??= new Error(`Cannot start ${name}: it ended with ${code}\n${said}`)
  })
  return until(
    `${name} is ready`,
    () => {
      if (failure !== undefined) throw failure
      return look(said)
    },
    timeoutMs === undefined ? {} : { timeoutMs },
  )
}
