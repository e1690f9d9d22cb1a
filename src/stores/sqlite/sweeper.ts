// Removes expired sessions now and then, a few at a time. Reads never depend on it: they check deadlines themselves.
import { isDroverError } from '../../base/errors.ts'
import { sweepPauseMs } from './defaults.ts'

export interface SweeperOptions {
  /** Removes one chunk; whether there may be more. */
  readonly sweepChunk: () => Promise<boolean>
  readonly intervalMs: number
  /** In [0, 1): spreads the sweeps of many processes. */
  readonly random: () => number
}

/** Half to one and a half intervals, so that processes started together do not sweep together. */
export function nextSweepDelayMs(more: boolean, intervalMs: number, random: () => number): number {
  return more ? sweepPauseMs : Math.round(intervalMs * (0.5 + random()))
}

/** Starts sweeping; the returned function stops it. Its timer never keeps the process alive. */
export function startSweeper(options: SweeperOptions): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const schedule = (more: boolean) => {
    if (stopped) return
    timer = setTimeout(sweep, nextSweepDelayMs(more, options.intervalMs, options.random))
    timer.unref()
  }
  const sweep = () => {
    options.sweepChunk().then(schedule, (error: unknown) => {
      // The file is locked or closed: what is left is swept next time.
      if (!isDroverError(error, 'STORE_UNAVAILABLE')) throw error
      schedule(false)
    })
  }
  schedule(false)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
