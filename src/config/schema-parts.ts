// What the validators of options are made of: text, numbers, durations and sizes, each with what was wanted.
import * as v from 'valibot'
import { parseDuration } from '../base/durations.ts'
import { parseSize } from './size.ts'

export type Schema<T> = v.GenericSchema<unknown, T>

/** A number, or the digits of one: flags and environment variables are text. */
export function wholeNumber(from: number, to: number): Schema<number> {
  const digits = v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))
  const schema = v.pipe(v.union([v.number(), digits]), v.integer(), v.minValue(from), v.maxValue(to))
  return v.message(schema, `a whole number from ${from} to ${to}`)
}

export function numberBetween(from: number, to: number): Schema<number> {
  const schema = v.pipe(v.number(), v.finite(), v.minValue(from), v.maxValue(to))
  return v.message(schema, `a number from ${from} to ${to}`)
}

export function text(wanted: string, isRight: (value: string) => boolean): Schema<string> {
  return v.message(v.pipe(v.string(), v.check(isRight)), wanted)
}

export function durationMs(fromMs: number, toMs: number): Schema<number> {
  const example = toMs < 1_000 ? `"${toMs}ms"` : '"30s" or "2m"'
  const wanted = `a duration from ${shownDuration(fromMs)} to ${shownDuration(toMs)}, such as ${example}`
  return v.message(read(parseDuration, fromMs, toMs), wanted)
}

export function sizeBytes(from: number, to: number): Schema<number> {
  const wanted = `a size from ${shownSize(from)} to ${shownSize(to)}, such as "64kb" or "1mb"`
  return v.message(read(parseSize, from, to), wanted)
}

function read(parse: (value: unknown) => number | undefined, from: number, to: number): Schema<number> {
  return v.pipe(v.unknown(), v.transform(parse), v.number(), v.minValue(from), v.maxValue(to))
}

function shownDuration(valueMs: number): string {
  const dayMs = 24 * 3_600_000
  return valueMs > 0 && valueMs % dayMs === 0 ? `${valueMs / dayMs}d` : `${valueMs}ms`
}

function shownSize(bytes: number): string {
  const units = ['b', 'kb', 'mb', 'gb']
  const fits = units.findLastIndex((_, power) => bytes > 0 && bytes % 1024 ** power === 0)
  return fits < 0 ? `${bytes}b` : `${bytes / 1024 ** fits}${units[fits] ?? 'b'}`
}
