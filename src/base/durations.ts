// Durations as people write them ('30s', '5m', '250ms'), read into milliseconds.
import { DroverError } from './errors.ts'

/** Milliseconds, or a number with a unit: ms, s, m, h or d. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Reads a duration into whole milliseconds; `undefined` when it is not one, is negative or is not finite. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
  if (typeof value !== 'string') return undefined
  const match = pattern.exec(value)
  const unitMs = unitsMs[match?.[2] ?? '']
  return match === null || unitMs === undefined ? undefined : Math.round(Number(match[1]) * unitMs)
}

/** Reads the duration option `name` into milliseconds, above zero; throws OPTION_INVALID naming what came. */
export function durationOption(name: string, value: unknown): number {
  const durationMs = parseDuration(value)
  if (durationMs !== undefined && durationMs > 0) return durationMs
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use ${name} ${JSON.stringify(value)}: wanted a duration above zero such as "30s", "15m" or "7d"`,
  )
}
