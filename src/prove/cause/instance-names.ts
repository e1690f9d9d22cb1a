// What instances are called while an app is proved.
import type { Difference } from '../finding.ts'

const instanceName = /\binstance-\d+\b/

export function hasInstanceName(text: string): boolean {
  return instanceName.test(text)
}

/** What differs is the name of the instance itself. */
export function saysName({ difference }: { readonly difference: Difference }): boolean {
  return hasInstanceName(difference.expected) && hasInstanceName(difference.actual)
}
