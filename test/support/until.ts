// Waits for a condition, not for a time.
import { setTimeout as pause } from 'node:timers/promises'

export interface UntilOptions {
  /** How long to wait at most. Default 20,000: far beyond what is expected, since others share the processor. */
  readonly timeoutMs?: number
}

const pollMs = 5

/** The first truthy answer of `ask`; rejects when there is none in time, saying what was waited for. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  options: UntilOptions | number = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const { timeoutMs = 20_000 } = typeof options === 'number' ? { timeoutMs: options } : options
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer as Exclude<NonNullable<T>, false>
    if (performance.now() >= endMs) throw new Error(`Cannot wait longer than ${timeoutMs} ms: ${what}`)
    await pause(pollMs)
  }
}
