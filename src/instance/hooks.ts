// Runs what an app wants done at its end: in bounded time, and without keeping the rest from being done.
import { withDeadline } from '../base/deadline.ts'

/** What the hook failed with, or that it took too long; undefined where all went well or there is none. Never rejects. */
export async function runHook(
  name: string,
  hook: (() => unknown) | undefined,
  timeoutMs: number,
): Promise<Error | undefined> {
  if (hook === undefined) return undefined
  const late = () => new Error(`Cannot wait longer than ${timeoutMs} ms for ${name}`)
  return settled(withDeadline(promised(hook), timeoutMs, late))
}

/** What a hook throws becomes a rejection. */
async function promised(hook: () => unknown): Promise<unknown> {
  return hook()
}

/** What it rejects with, if it does. */
function settled(work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
}
