// The few names both wings share on the wire and in an instance's environment.

/** Response header naming the instance that answered; only with `--reveal`, and stripped when an app forges it. */
export const instanceHeader = 'x-drover-instance'

/**
 * Response header by which an instance says that no handler has seen the request, so that it may be sent to another
 * (rule R1). Its value is the secret in `markerVariable`; with any other value, or from a client, it is a forgery and stripped.
 */
export const notProcessedHeader = 'x-drover-not-processed'

/**
 * Request header by which the balancer tells an instance that the owners of earlier attempts of this very request are dead,
 * as the supervisor has confirmed: `<secret> <instance id>#<epoch> …`, one or more of them. The secret is the one in
 * `markerVariable`; from a client the header is stripped. Only then may the lease of an idempotency key be taken from such an owner before it ends.
 */
export const deadOwnerHeader = 'x-drover-dead-owner'

/** Request header by which a client on loopback asks how its request was handled, and response header that answers. */
export const traceHeader = 'x-drover-trace'

/** Environment of every instance: the secret word of `notProcessedHeader`, one for the life of a fleet. */
export const markerVariable = 'DROVER_MARKER'

/** Environment of every instance: which start of this instance it is; a restarted one has a higher number. */
export const epochVariable = 'DROVER_EPOCH'

/** Environment of every instance: the port to listen on, and the instance's id in the fleet. */
export const portVariable = 'PORT'
export const instanceVariable = 'DROVER_INSTANCE'

/** Environment of every instance: what its version is called. */
export const versionVariable = 'DROVER_VERSION'

/** Environment of every instance: names of variables, separated by commas, that are to be the same on all of them (R6). */
export const fingerprintVariable = 'DROVER_FINGERPRINT'

/** What one start of an instance is called, as in `deadOwnerHeader`: an id is used again, with an epoch never. */
export function startKey({ id, epoch }: { readonly id: string; readonly epoch: number | string }): string {
  return `${id}#${epoch}`
}
