// Who a request is to logs and traces: ids that came with it, or new ones.
import { traceHeader } from '../../base/wire.ts'
import { RandomPool, type RandomBytes } from './random-pool.ts'
import { readRequestId, RequestIds } from './request-id.ts'
import { mintTraceparent, readTraceparent } from './traceparent.ts'

export const requestIdHeader = 'x-request-id'
export const traceparentHeader = 'traceparent'
/** Belongs to the traceparent it came with, and means nothing beside another. */
export const tracestateHeader = 'tracestate'

export interface RequestIdentity {
  /** What goes to the instance as `x-request-id` and `traceparent`, in place of what the client sent. */
  readonly requestId: string
  readonly traceparent: string
  readonly traceId: string
  /** False: a `tracestate` that came along is dropped, as the traceparent it belonged to was. */
  readonly keepsTracestate: boolean
  /** The request carries `x-drover-trace: 1`; whether its client is told anything is `mayExplain`'s to say. */
  readonly asksTrace: boolean
}

/** Mints the ids of one process. */
export class IdentityMint {
  readonly #random: RandomPool
  readonly #requestIds: RequestIds
  readonly #sampled: boolean

  /** `sampled`: whether traces begun here ask to be recorded. */
  constructor(randomBytes: RandomBytes, sampled = true) {
    this.#random = new RandomPool(randomBytes)
    this.#requestIds = new RequestIds(this.#random)
    this.#sampled = sampled
  }

  /** Reads the ids of a request; what is malformed or comes twice counts as absent. */
  identify(rawHeaders: readonly string[]): RequestIdentity {
    let requestId: string | undefined
    let traceparent: string | undefined
    let trace: string | undefined
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      // Most fields are told apart by their length alone.
      if (name.length === 12) {
        if (name.toLowerCase() === requestIdHeader) requestId = only(requestId, rawHeaders[index + 1])
      } else if (name.length === 11) {
        if (name.toLowerCase() === traceparentHeader) traceparent = only(traceparent, rawHeaders[index + 1])
      } else if (name.length === 14 && name.toLowerCase() === traceHeader) {
        trace = only(trace, rawHeaders[index + 1])
      }
    }
    const passed = traceparent === undefined ? undefined : readTraceparent(traceparent)
    const { value, traceId } = passed ?? mintTraceparent(this.#random, this.#sampled)
    return {
      requestId: (requestId === undefined ? undefined : readRequestId(requestId)) ?? this.#requestIds.mint(),
      traceparent: value,
      traceId,
      keepsTracestate: passed !== undefined,
      asksTrace: trace === '1',
    }
  }
}

/** Two fields of a name that allows one say nothing: the empty value is well-formed for none of them. */
function only(earlier: string | undefined, value = ''): string {
  return earlier === undefined ? value : ''
}
