// Removes what expired now and then, a few rows at a time. Reads never depend on it: they check deadlines themselves.
import { isDroverError } from '../../base/errors.ts'
import { tell } from '../../session/events.ts'
import { sweepChunkSize, sweepGraceMs, sweepPauseMs } from './defaults.ts'
import { unstored } from './record.ts'
import type { Run } from './statements.ts'

export interface SweeperOptions {
  /** Removes one chunk; whether there may be more. */
  readonly sweepChunk: () => Promise<boolean>
  readonly intervalMs: number
  /** In [0, 1): spreads the sweeps of many servers. */
  readonly random: () => number
}

/** Starts sweeping; the returned function stops it. Its timer never keeps the process alive. */
export function startSweeper({ sweepChunk, intervalMs, random }: SweeperOptions): () => void {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const schedule = (isMore: boolean) => {
    if (isStopped) return
    // Half to one and a half intervals, so that servers started together do not sweep together.
    timer = setTimeout(begin, isMore ? sweepPauseMs : Math.round(intervalMs * (0.5 + random()))).unref()
  }
  const begin = () => {
    sweepChunk().then(schedule, (error: unknown) => {
      // What is left is swept next time.
      if (!isDroverError(error, 'STORE_UNAVAILABLE')) throw error
      schedule(false)
    })
  }
  schedule(false)
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}

/** Removes a chunk of what is over at `nowMs`, and tells of the sessions among it; whether there may be more. */
export async function sweep(run: Run, nowMs: number): Promise<boolean> {
  const beforeMs = nowMs - sweepGraceMs
  const { rows } = await run('sweep expired sessions', 'sweep', [beforeMs])
  for (const [, key, principal, successor] of rows) {
    if (typeof key !== 'string' || typeof successor === 'string') continue
    tell('expired', key, typeof principal === 'string' ? unstored(principal) : undefined)
  }
  const rates = await run('sweep rate limits', 'sweepRates', [beforeMs * 1_000])
  return rows.length === sweepChunkSize || rates.rows.length === sweepChunkSize
}
