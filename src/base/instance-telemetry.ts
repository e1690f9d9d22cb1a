// What an instance tells of itself to whoever watches the fleet, and where: the two wings of the house share these words only.

/** GET of this path, from loopback and with the secret word of `markerVariable` in `telemetrySecretHeader`, answers the JSON of InstanceTelemetry. */
export const telemetryPath = '/.drover/telemetry'

/** Request header that proves the question to come from whoever watches the fleet. Without it the path is the app's own. */
export const telemetrySecretHeader = 'x-drover-secret'

export type InstanceState = 'starting' | 'serving' | 'leaving' | 'draining' | 'closed'

/** A route on which the instance enforces idempotency keys, so that a request with one may be repeated (R1). */
export interface AnnouncedRoute {
  /** A path, or with `*` at its end a prefix: `/orders`, `/api/*`. */
  readonly path: string
  /** In capitals; at least one. */
  readonly methods: readonly string[]
  /** The balancer may give a key to a request that comes without one. */
  readonly mint: boolean
}

/** One instance at one moment. */
export interface InstanceTelemetry {
  readonly pid: number
  readonly state: InstanceState
  /** Since `serve` was called. */
  readonly uptimeMs: number
  /** Requests that the app has begun and not finished. */
  readonly inFlight: number
  /** WebSockets and other upgraded connections that are open. */
  readonly upgraded: number
  /** Requests given to the app so far. */
  readonly requests: number
  /** Requests refused as "not processed" so far. */
  readonly refused: number
  /**
   * Share of the time that the event loop was busy: 0 to 1. The time is that since the last figures that covered a second or
   * more, so right after those it is short.
   */
  readonly eventLoopUtilization: number
  /** How late the event loop came to its timers in that time, 99th percentile and most; counted from the first question on. */
  readonly eventLoopDelayP99Ms: number
  readonly eventLoopDelayMaxMs: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
  /**
   * Name to keyed hash: of what `serve` was given as `fingerprint` and of the variables that all instances share, such as those of
   * `fingerprintVariable`. Equal on two instances if and only if the values are (R6); what an instance lacks has no hash.
   */
  readonly fingerprint: Readonly<Record<string, string>>
  /** What `serve` was given as `idempotentRoutes`. */
  readonly idempotentRoutes: readonly AnnouncedRoute[]
}
