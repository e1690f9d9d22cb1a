// A bound on one wait (R7). The work itself goes on; only the wait ends.

/**
 * Settles as `work` does, or rejects with `onTimeout()` after `timeoutMs`. The timer never keeps the process alive.
 * Timers run before a turn of the event loop looks for what came in: after a loop that stood still, a reply may lie
 * ready, so it has that turn to be seen.
 */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number, onTimeout: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let turn: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      turn = setImmediate(() => {
        reject(onTimeout())
      })
    }, timeoutMs)
    timer.unref()
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      clearImmediate(turn)
      finish()
    }
    work.then(
      (value) => {
        settle(() => {
          resolve(value)
        })
      },
      (error: unknown) => {
        settle(() => {
          reject(error instanceof Error ? error : new Error(String(error)))
        })
      },
    )
  })
}
