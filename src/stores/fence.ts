// What a write under a lease is told that somebody else has by now.
import { DroverError } from '../base/errors.ts'

export function fenced(name: string): DroverError {
  return new DroverError(
    'LEASE_LOST',
    `Cannot write under the lease "${name}": a later holder of it has written already`,
  )
}
