// Rule R1 as one pure decision: may a request whose attempt ended without an answer be sent to another instance?
// (RFC 9110 section 9.2.2)

/** How far the attempt had come when it died. */
export type Progress =
  /** Not connected, or no byte of the request handed to the socket. */
  | 'not-sent'
  /** Some bytes of the request were handed over; no byte of a response came. */
  | 'sent'
  /** Some bytes of the response came; none was passed to the client. */
  | 'responded'
  /** The client has bytes. */
  | 'passed'

/** `lost`: some of what the client sent of it is no longer at hand, so the request cannot be sent again. */
export type BodyKind = 'none' | 'replayable' | 'lost'

/** An attempt that ended without an answer, and what is known of its request and its instance at that moment. */
export interface AttemptEnd {
  readonly progress: Progress
  /** The instance answered with the marker we believe: no handler has seen the request. */
  readonly notProcessed: boolean
  readonly method: string
  readonly body: BodyKind
  /** The request carries a key that its route is known to enforce. */
  readonly keyEnforced: boolean
  /** The supervisor has confirmed that the instance is dead. */
  readonly confirmed: boolean
  /** Attempts that handed at least a byte to an instance, this one included: a refused connection costs none. */
  readonly attempts: number
  readonly maxAttempts: number
  readonly budget: 'available' | 'empty'
  /** Nobody waits for the answer any more. */
  readonly clientGone: boolean
}

export type AttemptVerdict =
  /** On another instance. When `charged`, one retry is to be taken from the budget. */
  | { readonly type: 'repeat'; readonly charged: boolean }
  /** It may be repeated, but not yet: until the supervisor confirms the death or the budget has a retry. */
  | { readonly type: 'wait' }
  /** Answer with an error. */
  | { readonly type: 'refuse'; readonly why: string }
  /** Cut the client's stream, so that what it has is not taken for the whole. */
  | { readonly type: 'reset' }

const repeatFree: AttemptVerdict = { type: 'repeat', charged: false }
const repeatCharged: AttemptVerdict = { type: 'repeat', charged: true }
const wait: AttemptVerdict = { type: 'wait' }
const reset: AttemptVerdict = { type: 'reset' }

/**
 * The idempotent methods of RFC 9110 section 9.2.2: PUT, DELETE, and the safe ones of section 9.2.1. Methods of other
 * standards count as unknown, even where those call them idempotent, for an app may not know it.
 */
const repeatableMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Whether the method alone allows a repeat after the instance may have acted on it. Methods are case-sensitive. */
export function isRepeatable(method: string): boolean {
  return repeatableMethods.has(method)
}

/**
 * Rule R1. The caller asks each instance once, and once more where its idle connection had ended, which bounds the attempts
 * that cost none.
 * Deaths that the supervisor has confirmed are free of the budget: they are its own doing or a crash, not an overload.
 */
export function decideAttemptEnd(end: AttemptEnd): AttemptVerdict {
  if (end.progress === 'passed' || end.clientGone) return reset
  const why = whyNotRepeatable(end)
  if (why !== undefined) return { type: 'refuse', why }
  if (end.confirmed) return repeatFree
  return end.budget === 'available' ? repeatCharged : wait
}

function whyNotRepeatable(end: AttemptEnd): string | undefined {
  if (!hadNoEffect(end) && !isRepeatable(end.method) && !end.keyEnforced)
    return `${end.method} may have taken effect and has no enforced key`
  if (end.body === 'lost') return 'its body is no longer at hand'
  if (end.attempts >= end.maxAttempts) return `${end.attempts} attempts failed`
  return undefined
}

export function hadNoEffect({
  progress,
  notProcessed,
}: Pick<AttemptEnd, 'progress' | 'notProcessed'>): boolean {
  return progress === 'not-sent' || notProcessed
}
