// Reads a whole number from what a person typed.
import { invalidOption } from '../base/errors.ts'

/** Throws OPTION_INVALID that names the flag or argument as `name`. */
export function wholeNumber(name: string, value: string, from: number, to: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= from && number <= to) return number
  throw invalidOption(name, value, `a whole number from ${from} to ${to}`)
}
