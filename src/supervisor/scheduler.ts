// Waiting as a port, so that tests decide when a timer fires.

export type Cancel = () => void

export interface Scheduler {
  /** Calls `run` once, `delayMs` from now, unless cancelled before. */
  after(delayMs: number, run: () => void): Cancel
}

export const systemScheduler: Scheduler = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Resolves `delayMs` from now, or as soon as `signal` aborts. */
export function pause(scheduler: Scheduler, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const finish = () => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = scheduler.after(delayMs, finish)
    signal?.addEventListener('abort', finish)
  })
}
