// What instances are called while an app is proved.
import type { Difference } from '../finding.ts'

const instanceName = /\binstance-\d+\b/

/** What differs is the name of the instance itself. */
export function saysName({ difference }: { readonly difference: Difference }): boolean {
  return instanceName.test(difference.expected) && instanceName.test(difference.actual)
}
