// One line of a result: what was measured, our figure, a peer's figure.

/** The unit says which direction is better; see `lowerIsBetter`. */
export type Unit =
  | 'requests/s'
  | 'µs CPU/request'
  | 'MB'
  | 'KB'
  | 'B/session'
  | 'ms'
  | 'round trips'
  | 'connections'

export interface Row {
  readonly what: string
  readonly peerName: string
  readonly ours: number
  readonly peer: number
  /** ours / peer. */
  readonly ratio: number
  readonly unit: Unit
  /** What the ratio is wanted to be at most, or at least where higher is better; absent where nothing is promised. */
  readonly target?: number
}

export function lowerIsBetter(unit: Unit): boolean {
  return unit !== 'requests/s' && unit !== 'connections'
}

/** Throws where a figure is not a positive number: a row that says nothing must not look like a result. */
export function makeRow(
  what: string,
  peerName: string,
  unit: Unit,
  ours: number,
  peer: number,
  target?: number,
): Row {
  for (const figure of [ours, peer]) {
    if (Number.isFinite(figure) && figure > 0) continue
    throw new Error(
      `Cannot compare ${what} with ${peerName}: wanted positive figures, got ${ours} and ${peer}`,
    )
  }
  const row = { what, peerName, ours: round(ours), peer: round(peer), ratio: round(ours / peer), unit }
  return target === undefined ? row : { ...row, target: round(target) }
}

export interface FlooredFigures {
  readonly what: string
  readonly peerName: string
  readonly unit: Unit
  readonly ours: number
  readonly peer: number
  /** The least that the measurement can show. */
  readonly smallest: number
  readonly target: number | undefined
}

/**
 * Compares differences, which noise can bring down to nothing and below: the smallest that shows stands for those, the row
 * says so, and no target counts as met by it.
 */
export function makeFlooredRow(figures: FlooredFigures): Row {
  const { what, peerName, unit, ours, peer, smallest, target } = figures
  const isMeasured = Math.min(ours, peer) >= smallest
  return makeRow(
    isMeasured ? what : `${what} (too little to measure)`,
    peerName,
    unit,
    Math.max(ours, smallest),
    Math.max(peer, smallest),
    isMeasured ? target : undefined,
  )
}

/** Four significant digits are more than these measurements hold. */
function round(figure: number): number {
  return Number(figure.toPrecision(4))
}
