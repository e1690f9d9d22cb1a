// How every store adds to a field (`SessionChange.add`), so that all of them answer alike.
import { DroverError } from '../base/errors.ts'

/** A whole number as JSON writes it; longer ones are beyond what a double holds exactly. */
const wholeNumber = /^-?(?:0|[1-9][0-9]{0,15})$/

/** The field's text after `by` was added; an absent field counts as 0. Undefined where that is no whole number. */
export function sumText(text: string | undefined, by: number): string | undefined {
  if (text !== undefined && !wholeNumber.test(text)) return undefined
  const before = Number(text ?? 0)
  const sum = before + by
  // Adding 0 turns -0, which has no text of its own, into 0.
  return Number.isSafeInteger(before) && Number.isSafeInteger(sum) ? String(sum + 0) : undefined
}

/** SESSION_VALUE_INVALID, for a field without a sum. The field is not shown: it may hold anything. */
export function noSum(): DroverError {
  const state = 'it holds no whole number, or the sum is beyond ±(2^53 − 1)'
  return new DroverError('SESSION_VALUE_INVALID', `Cannot add to a field of the session: ${state}`)
}
