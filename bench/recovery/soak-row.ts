// What a process of Drover's held in memory during the soak.

export interface SoakRow {
  readonly process: string
  /** Seconds since the start, and resident megabytes with nothing in flight and the garbage collected. */
  readonly samples: readonly (readonly [seconds: number, megabytes: number])[]
  readonly slopeMbPerMinute: number
  /** Of the slope, by the samples' scatter. */
  readonly standardError: number
  readonly isFlat: boolean
}
