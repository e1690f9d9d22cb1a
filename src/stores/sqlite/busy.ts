// Which SQLite failures pass by themselves, because another process holds a lock for a moment.
import { retryPauseMs } from './defaults.ts'

/** SQLITE_BUSY (also while a WAL is recovered), SQLITE_LOCKED, and SQLITE_PROTOCOL: a race lost when a WAL starts. */
const passingCodes: ReadonlySet<number> = new Set([5, 6, 15])

/** Whether the same call may succeed a moment later. Extended result codes keep the primary one in their low byte. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && passingCodes.has(Number(error.errcode) & 0xff)
}

/**
 * Repeats `act` while it meets a lock, blocking the thread in between, until `timeoutMs` is over. For the writer thread
 * only. Needed beside SQLite's own busy timeout, which a switch to WAL does not honour.
 */
export function insistBlocking<T>(timeoutMs: number, act: () => T): T {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  const endMs = performance.now() + timeoutMs
  for (;;) {
    try {
      return act()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= endMs) throw error
      Atomics.wait(sleeper, 0, 0, retryPauseMs)
    }
  }
}
