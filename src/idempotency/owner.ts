// Who this process is in the fleet, and which owners the balancer says are dead.
import { isSameSecret } from '../base/secret.ts'
import { epochVariable, instanceVariable, markerVariable, startKey } from '../base/wire.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `<id>#<epoch>` under `drover up`; empty elsewhere, where nobody could confirm this process dead. */
export function ownOwner(environment: Environment): string {
  const { [instanceVariable]: id = '', [epochVariable]: epoch = '' } = environment
  return id === '' || epoch === '' ? '' : startKey({ id, epoch })
}

/** An instance's id has no spaces, and the epoch is a number. */
const pattern = /^(\S+)((?: \S+#\d+)+)$/

/**
 * The dead owners in the field `x-drover-dead-owner` (base/wire.ts), when it comes with the secret of this fleet. Anything else
 * is a forgery and means nothing; so does every word of it where there is no secret.
 */
export function confirmedDead(field: string | undefined, environment: Environment): readonly string[] {
  const secret = environment[markerVariable]
  if (field === undefined || secret === undefined || secret === '') return []
  const [, word, owners] = pattern.exec(field) ?? []
  if (word === undefined || owners === undefined || !isSameSecret(word, secret)) return []
  return owners.trimStart().split(' ')
}
