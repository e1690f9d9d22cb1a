// Hashes of what all instances must have in common (R6), so that a difference is found and named without telling a value.
import { createHmac } from 'node:crypto'
import { DroverError } from '../base/errors.ts'

/** Name to value. What is undefined the instance lacks. */
export type Fingerprint = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Each value's hash, keyed with the fleet's secret word so that a short secret cannot be guessed from it; none of undefined. Throws OPTION_INVALID
 * for anything else than text, numbers and booleans, whose order of keys could differ where nothing does.
 */
export function readFingerprint(
  values: Fingerprint,
  key: string = 'drover',
): Readonly<Record<string, string>> {
  const given: unknown = values
  if (typeof given !== 'object' || given === null) throw invalid('fingerprint', given)
  return Object.freeze(
    Object.fromEntries(
      Object.entries(given)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, hashOf(name, value, key)]),
    ),
  )
}

function hashOf(name: string, value: unknown, key: string): string {
  const type = typeof value
  if (!['string', 'number', 'boolean'].includes(type)) throw invalid(`fingerprint.${name}`, value)
  const text = JSON.stringify([name, type, String(value)])
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 16)
}

function invalid(name: string, value: unknown): DroverError {
  const type = value === null ? 'null' : typeof value
  return new DroverError(
    'OPTION_INVALID',
    `Cannot use ${name} of type ${type}: wanted text, numbers or booleans by name`,
  )
}
