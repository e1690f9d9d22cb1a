// What became of one request, attempt by attempt: for the access log, the metrics and the explanation of a request.
import type { Progress } from './retry.ts'

export type AttemptOutcome =
  | 'answered'
  /** Connection refused, reset, malformed, ended early, too slow. */
  | 'failed'
  /** The instance said that it has not processed the request. */
  | 'not-processed'
  /** Another attempt of the same request answered first. */
  | 'hedged-away'
  /** The client left, or the balancer cut it. */
  | 'abandoned'

export interface AttemptRecord {
  readonly instance: string
  /** Monotonic milliseconds. */
  readonly startedMs: number
  /** 0 while it is under way; `outcome` means nothing until then. */
  endedMs: number
  outcome: AttemptOutcome
  /** How far it has come. */
  progress: Progress
  /** Why it failed, and what was decided then: "connect ECONNREFUSED; repeat". */
  why: string
}

export type ExchangeEnd = 'answered' | 'refused' | 'reset' | 'client-left' | 'tunnelled'

/** Times are monotonic milliseconds. */
export interface ExchangeRecord {
  readonly requestId: string
  /** Of its traceparent, the client's or a minted one. */
  readonly traceId: string
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1' | '2'
  readonly remoteAddress: string
  readonly startedMs: number
  endedMs: number
  /** How long it waited for an instance. */
  queueMs: number
  /** What the client was answered with; 0 when nothing. */
  status: number
  /** Bytes of the body sent to the client. */
  bytesOut: number
  end: ExchangeEnd
  /** Why the balancer refused it, where it did. */
  why: string
  readonly attempts: AttemptRecord[]
}

/** Told of every exchange that is over. Must not throw and must not wait. */
export type ExchangeObserver = (record: ExchangeRecord) => void
