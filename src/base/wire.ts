// The few names both wings share on the wire and in an instance's environment.

/** Response header naming the instance that answered; only with `--reveal`, and stripped when an app forges it. */
export const instanceHeader = 'x-drover-instance'

/**
 * Response header by which an instance says that no handler has seen the request, so that it may be sent to another
 * (rule R1). Its value is the secret in `markerVariable`; with any other value, or from a client, it is a forgery and stripped.
 */
export const notProcessedHeader = 'x-drover-not-processed'

/** Request header by which a client on loopback asks how its request was handled, and response header that answers. */
export const traceHeader = 'x-drover-trace'

/** Environment of every instance: the secret word of `notProcessedHeader`, one for the life of a fleet. */
export const markerVariable = 'DROVER_MARKER'

/** Environment of every instance: the port to listen on, and the instance's id in the fleet. */
export const portVariable = 'PORT'
export const instanceVariable = 'DROVER_INSTANCE'
