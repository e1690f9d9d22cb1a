// Every bound of the balancer, by name (R7).

export interface BalancerLimits {
  /** Attempts of one request, the first included (R1): enough to outlive a few instances, few enough for one that kills them. */
  readonly attempts: number
  /** From starting to connect to an instance until connected. */
  readonly connectTimeoutMs: number
  /** From the request's last byte handed over until the head of the response. */
  readonly responseTimeoutMs: number
  /** A request body up to this size is kept in memory, so that the request can be repeated. */
  readonly replayBytes: number
  /** Beyond that it is kept on disk, up to this size; 0 keeps none there. */
  readonly spoolBytes: number
  /** All bodies on disk together. */
  readonly spoolTotalBytes: number
  /** Retries after deaths that the supervisor has not confirmed: this share of recent requests, and so many a second. */
  readonly retryShare: number
  readonly retriesPerSecond: number
  /** How long a request waits for a confirmed death or for budget before it is refused. */
  readonly retryWaitMs: number
  /** Requests on one instance at a time; 0 sets no cap. */
  readonly concurrency: number
  /** Requests that wait for an instance below its cap, and for how long; what comes beyond is shed with 503. */
  readonly queued: number
  readonly queueTimeMs: number
  /** A ready instance gets a tenth of its share at first, the whole after this. */
  readonly slowStartMs: number
  /** So many failures in a row eject an instance; the first time for `ejectMs`, then longer, up to `ejectMaxMs`. */
  readonly ejectAfter: number
  readonly ejectMs: number
  readonly ejectMaxMs: number
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
  /** From a client's first byte until its head, and from then on until its whole request. */
  readonly requestHeadTimeoutMs: number
  readonly requestTimeoutMs: number
  /** From one piece of a request's body to the next. */
  readonly requestBodyIdleMs: number
  /** How much of a request's body is read that nobody wants any more; with more to come the connection ends. */
  readonly discardBytes: number
  /** From one piece of an answer to the next, but of event streams and what asks not to be held back. */
  readonly responseIdleMs: number
  /** After the last byte of a connection's last answer was taken, what the client still says is dropped this long. */
  readonly closeLingerMs: number
  /** The target of a request. */
  readonly targetBytes: number
  /** Client connections of one worker at a time; beyond, the oldest idle ones are closed, then new ones refused. */
  readonly clientConnections: number
  /** Streams of one HTTP/2 connection at a time. */
  readonly http2Streams: number
  /** A TLS handshake, or a PROXY protocol header. */
  readonly handshakeTimeoutMs: number
  /** A client's idle keep-alive connection. */
  readonly clientIdleMs: number
  /** How long a connection that is to close, an idle one while draining say, stays open for what is already on its way. */
  readonly lingerMs: number
  /** An instance that leaves has its WebSockets and event streams ended within this, spread evenly. */
  readonly streamSpreadMs: number
  /** After its 1001 a WebSocket has this long to close. */
  readonly streamCloseMs: number
  /** A client, or an instance behind a WebSocket, that finishes taking nothing of what is written to it for this long is cut off. */
  readonly stallMs: number
}

export const defaultLimits: BalancerLimits = Object.freeze({
  attempts: 5,
  connectTimeoutMs: 1_000,
  responseTimeoutMs: 120_000,
  replayBytes: 64 * 1024,
  spoolBytes: 64 * 1024 * 1024,
  spoolTotalBytes: 1024 * 1024 * 1024,
  retryShare: 0.2,
  retriesPerSecond: 10,
  retryWaitMs: 1_000,
  concurrency: 0,
  queued: 1_024,
  queueTimeMs: 5_000,
  slowStartMs: 10_000,
  ejectAfter: 5,
  ejectMs: 1_000,
  ejectMaxMs: 30_000,
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
  requestBodyIdleMs: 60_000,
  discardBytes: 8 * 1024 * 1024,
  responseIdleMs: 120_000,
  closeLingerMs: 5_000,
  targetBytes: 16 * 1024,
  clientConnections: 20_000,
  http2Streams: 128,
  handshakeTimeoutMs: 10_000,
  clientIdleMs: 65_000,
  lingerMs: 500,
  streamSpreadMs: 5_000,
  streamCloseMs: 2_000,
  stallMs: 120_000,
})
