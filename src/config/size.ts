// Sizes as people write them ('64kb', '1mb'), read into bytes.

/** Bytes, or a number with a unit: b, kb, mb or gb, each 1024 times the one before. */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`

const unitBytes: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }
const pattern = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/i

/** Reads a size into whole bytes; `undefined` when it is not one, is negative or is not finite. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
  if (typeof value !== 'string') return undefined
  const match = pattern.exec(value)
  const unit = unitBytes[match?.[2]?.toLowerCase() ?? '']
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}
