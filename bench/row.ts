// One line of a result: what was measured, our figure, a peer's figure.

/** The unit says which direction is better; see `lowerIsBetter`. */
export type Unit = 'requests/s' | 'µs CPU/request' | 'MB' | 'B/session' | 'ms' | 'round trips'

export interface Row {
  readonly what: string
  readonly peerName: string
  readonly ours: number
  readonly peer: number
  /** ours / peer. */
  readonly ratio: number
  readonly unit: Unit
  /** What the ratio is wanted to be at most; absent where nothing is promised. */
  readonly target?: number
}

export function lowerIsBetter(unit: Unit): boolean {
  return unit !== 'requests/s'
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

/** Four significant digits are more than these measurements hold. */
function round(figure: number): number {
  return Number(figure.toPrecision(4))
}
