// Every bound of the balancer, by name (R7).

export interface BalancerLimits {
  /** Attempts of one request, the first included (R1): enough to outlive a few instances, few enough for one that kills them. */
  readonly attempts: number
  /** From starting to connect to an instance until connected. */
  readonly connectTimeoutMs: number
  /** From the request's last byte handed over until the head of the response. */
  readonly responseTimeoutMs: number
  /** A request body up to this size is kept, so that the request can be repeated. */
  readonly replayBytes: number
  /** A reply is held until complete, this large, or `holdTimeMs` after its head: most deaths in mid-body stay repeatable. */
  readonly holdBytes: number
  readonly holdTimeMs: number
  /** How many requests may wait while no instance is ready, and for how long. */
  readonly parked: number
  readonly parkTimeMs: number
  /** An idle connection to an instance is closed by us after this, well below the 5 s after which Node's own server would. */
  readonly upstreamIdleMs: number
  /** A request that cannot be repeated takes only a connection used this recently, or a fresh one. */
  readonly justUsedMs: number
  /** Idle connections kept per instance. */
  readonly upstreamIdleConnections: number
  /** The head of a response or of a request. */
  readonly headBytes: number
  /** The header fields of a request. */
  readonly headFields: number
  /** From a client's first byte until its head, and until its whole request. */
  readonly requestHeadTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Requests of one connection that wait for the answer before. */
  readonly pipelined: number
  /** A client's idle keep-alive connection. */
  readonly clientIdleMs: number
  /** While draining, how long an idle client connection stays open for a request that is already on its way. */
  readonly lingerMs: number
  /** A client, or an instance behind a WebSocket, that takes nothing of what is written to it for this long is cut off. */
  readonly stallMs: number
}

export const defaultLimits: BalancerLimits = Object.freeze({
  attempts: 5,
  connectTimeoutMs: 1_000,
  responseTimeoutMs: 120_000,
  replayBytes: 64 * 1024,
  holdBytes: 64 * 1024,
  holdTimeMs: 50,
  parked: 1_024,
  parkTimeMs: 10_000,
  upstreamIdleMs: 4_000,
  justUsedMs: 1_000,
  upstreamIdleConnections: 256,
  headBytes: 64 * 1024,
  headFields: 200,
  requestHeadTimeoutMs: 60_000,
  requestTimeoutMs: 300_000,
  pipelined: 128,
  clientIdleMs: 65_000,
  lingerMs: 500,
  stallMs: 120_000,
})
