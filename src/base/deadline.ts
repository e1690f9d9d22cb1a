// A bound on waiting (R7). The work itself goes on; only the wait ends.

/** Settles as `work` does, or rejects with `onTimeout()` after `timeoutMs`. The timer never keeps the process alive. */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number, onTimeout: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(onTimeout())
    }, timeoutMs)
    timer.unref()
    const settle = (finish: () => void) => {
      clearTimeout(timer)
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
