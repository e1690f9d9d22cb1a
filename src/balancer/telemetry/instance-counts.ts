// What a worker counted of each instance, for a bounded number of instances.
import type { AttemptOutcome, AttemptRecord } from '../exchange/record.ts'
import { Durations, raise, type MetricValue } from './metric.ts'

const outcomes: readonly AttemptOutcome[] = [
  'answered',
  'failed',
  'not-processed',
  'hedged-away',
  'abandoned',
]

/** Instances told apart; of more, the one longest without an attempt is counted among `formerInstances`. */
const capacity = 128
/** The label of instances no longer told apart. What was counted of them stays, so that no sum falls. */
export const formerInstances = 'former'

class InstanceCount {
  readonly attempts = new Float64Array(outcomes.length)
  readonly durations = new Durations()
  lastMs = 0

  add(other: InstanceCount): void {
    for (const [index, count] of other.attempts.entries()) raise(this.attempts, index, count)
    this.durations.add(other.durations)
  }
}

export class InstanceCounts {
  readonly #counts = new Map<string, InstanceCount>()
  readonly #former = new InstanceCount()

  /** `timed`: its duration says something about the instance; a WebSocket's does not. */
  observe(attempt: AttemptRecord, timed: boolean): void {
    const count = this.#counts.get(attempt.instance) ?? this.#begin(attempt.instance)
    raise(count.attempts, outcomes.indexOf(attempt.outcome))
    if (timed && attempt.outcome === 'answered') count.durations.observe(attempt.endedMs - attempt.startedMs)
    count.lastMs = attempt.endedMs
  }

  attempts(): MetricValue[] {
    return this.#all().flatMap(([instance, { attempts }]) =>
      outcomes.flatMap((outcome, index) => {
        const value = attempts[index] ?? 0
        return value === 0 ? [] : [{ labels: { instance, outcome }, value }]
      }),
    )
  }

  durations(): (readonly [{ readonly instance: string }, Durations])[] {
    return this.#all()
      .filter(([, { durations }]) => !durations.isEmpty)
      .map(([instance, { durations }]) => [{ instance }, durations] as const)
  }

  #all(): [string, InstanceCount][] {
    return [...this.#counts, [formerInstances, this.#former]]
  }

  #begin(instance: string): InstanceCount {
    if (instance === formerInstances) return this.#former
    if (this.#counts.size >= capacity) this.#forgetOldest()
    const count = new InstanceCount()
    this.#counts.set(instance, count)
    return count
  }

  #forgetOldest(): void {
    const [oldest] = [...this.#counts].toSorted(([, a], [, b]) => a.lastMs - b.lastMs)
    if (oldest === undefined) return
    this.#former.add(oldest[1])
    this.#counts.delete(oldest[0])
  }
}
