// Mocked timers that go when a test says so.
import type { TestContext } from 'node:test'

/** Timers go, and what they began is done. */
export async function pass(t: TestContext, durationMs: number): Promise<void> {
  t.mock.timers.tick(durationMs)
  await new Promise((resolve) => setImmediate(resolve))
}
