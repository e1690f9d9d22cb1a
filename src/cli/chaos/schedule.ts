// Which faults come when: decided before the first one, by the seed alone, so that a run can be repeated.
import { faultKinds, type Fault, type FaultKind } from './fault.ts'
import { seededRandom } from '../../base/random.ts'

/** Every so many milliseconds one of this kind. */
export type Intervals = Readonly<Partial<Record<FaultKind, number>>>

export interface ScheduleOptions {
  readonly everyMs: Intervals
  /** No fault begins later. */
  readonly forMs: number
  readonly seed: number
}

/** A fault comes 10 to 40 % into its interval: never in step with anything else, and a short run has one of each kind. */
const earliest = 0.1
const spread = 0.3

/** In the order of their times. Each kind has a chance of its own, so that a further kind changes nothing for the others. */
export function scheduleFaults({ everyMs, forMs, seed }: ScheduleOptions): readonly Fault[] {
  const faults = faultKinds.flatMap((kind, index) => {
    const intervalMs = everyMs[kind]
    if (intervalMs === undefined) return []
    return faultsOf(kind, Math.min(intervalMs, forMs), forMs, seededRandom(seed + index))
  })
  return faults.toSorted((a, b) => a.atMs - b.atMs)
}

function faultsOf(kind: FaultKind, intervalMs: number, forMs: number, random: () => number): Fault[] {
  const faults: Fault[] = []
  for (let startMs = 0; startMs < forMs; startMs += intervalMs) {
    const atMs = Math.round(startMs + intervalMs * (earliest + spread * random()))
    const draw = random()
    if (atMs < forMs) faults.push({ atMs, kind, draw })
  }
  return faults
}
