// Waits for a condition, not for a time.
import { setTimeout as pause } from 'node:timers/promises'

const pollMs = 5

/** The first truthy answer of `ask`; rejects when there is none within `deadlineMs`, saying what was waited for. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<NonNullable<T>> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() >= endMs) throw new Error(`Cannot wait longer than ${deadlineMs} ms: no ${what}`)
    await pause(pollMs)
  }
}
