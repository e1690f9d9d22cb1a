// Rule R1 as one pure decision: may a request whose attempt died be sent to another instance? (RFC 9110 section 9.2.2)

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

export interface AttemptDeath {
  readonly progress: Progress
  readonly method: string
  /** Every byte of the body read so far is still here. */
  readonly bodyReplayable: boolean
  /** The request carries a key that its route is known to enforce. */
  readonly keyEnforced: boolean
}

/** `repeat`: on another instance. `refuse`: answer with an error. `reset`: cut the client's stream. */
export type Verdict = 'repeat' | 'refuse' | 'reset'

const repeatableMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Whether the method alone allows a repeat after the instance may have acted on it. */
export function isRepeatable(method: string): boolean {
  return repeatableMethods.has(method)
}

/** Rule R1. The number of attempts is the caller's to bound. */
export function decideRetry(death: AttemptDeath): Verdict {
  if (death.progress === 'passed') return 'reset'
  if (!death.bodyReplayable) return 'refuse'
  if (death.progress === 'not-sent') return 'repeat'
  return isRepeatable(death.method) || death.keyEnforced ? 'repeat' : 'refuse'
}
