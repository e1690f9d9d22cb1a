// What the autoscaler is told: the bounds it stays within, what counts as busy, and how far it looks back.

/** What an instance can be busy with. */
export type Signal = 'concurrency' | 'eventLoop' | 'cpu'

export interface AutoscaleOptions {
  /** At least 1; wins over every cap. */
  readonly min: number
  readonly max: number
  /**
   * Processors of the machine: beyond them, no instance is wanted for a busy event loop or CPU, as they would only share what there
   * is. One more may well serve requests that wait for something else, hence no cap for concurrency. Undefined: no cap at all.
   */
  readonly cores: number | undefined
  /** Memory that growth leaves free, in bytes. */
  readonly memoryReserveBytes: number
  /** Requests that one instance serves well at a time; 0: not known, concurrency is not looked at. */
  readonly concurrencyLimit: number
  /**
   * The share of a full instance that is wanted of each signal, above 0; a signal without one is not looked at.
   * One that is looked at and not measured keeps the fleet from shrinking: leave out what the app never tells.
   */
  readonly targets: Readonly<Partial<Record<Signal, number>>>
  /** Load this near to what the fleet is for changes nothing: a share, such as 0.1. */
  readonly tolerance: number
  readonly stableWindowMs: number
  readonly panicWindowMs: number
  /** Panic begins when the load of the panic window wants so many times the ready instances. */
  readonly panicThreshold: number
  /** One decision asks for at most so many times the ready instances. */
  readonly growthRate: number
  /** One decision leaves at least the ready instances divided by this. */
  readonly shrinkRate: number
  /** The fleet shrinks to no less than was wanted within this time. */
  readonly stabilizationMs: number
}

/** How often to decide: three samples make a panic window. */
export const autoscaleIntervalMs = 2_000

export const autoscaleDefaults: Omit<AutoscaleOptions, 'min' | 'max' | 'cores' | 'concurrencyLimit'> = {
  memoryReserveBytes: 256 * 1024 * 1024,
  targets: { concurrency: 0.7, eventLoop: 0.7, cpu: 0.7 },
  tolerance: 0.1,
  stableWindowMs: 60_000,
  panicWindowMs: 6_000,
  panicThreshold: 2,
  growthRate: 2,
  shrinkRate: 2,
  stabilizationMs: 300_000,
}
