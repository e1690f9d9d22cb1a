// Decides when an instance has more memory than it may: on two looks in a row, since one may meet a peak that passes.

export interface MemoryVerdict {
  /** Looks in a row that were above the ceiling, for the next judgement. */
  readonly looksAbove: number
  readonly isTooMuch: boolean
}

const looksNeeded = 2

/** `looksAbove` from the last verdict, 0 at first. Without a ceiling nothing is too much. */
export function judgeMemory(
  looksAbove: number,
  rssBytes: number,
  ceilingBytes: number | undefined,
): MemoryVerdict {
  if (ceilingBytes === undefined || rssBytes <= ceilingBytes) return { looksAbove: 0, isTooMuch: false }
  return { looksAbove: looksAbove + 1, isTooMuch: looksAbove + 1 >= looksNeeded }
}
