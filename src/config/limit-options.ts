// The bounds of the balancer as a person writes them. Each is a limit of src/balancer/limits.ts, durations without `Ms`.
import type { BalancerLimits } from '../balancer/limits.ts'
import type { Duration } from '../base/durations.ts'
import { maxTimeoutMs } from './options.ts'
import type { Size } from './size.ts'

/** Durations are milliseconds or '30s'; sizes are bytes or '64kb'. */
export interface LimitOptions {
  /** Requests on one instance at a time; 0 sets no cap. Default 0. */
  readonly concurrency?: number | undefined
  /** Requests that wait for an instance below its cap; what comes beyond is shed with 503 and Retry-After. Default 1024. */
  readonly queued?: number | undefined
  /** How long a request waits for an instance below its cap before it is shed. Default 5s. */
  readonly queueTime?: Duration | undefined
  /** Requests that may wait while no instance is ready. Default 1024. */
  readonly parked?: number | undefined
  /** How long a request waits while no instance is ready. Default 10s. */
  readonly parkTime?: Duration | undefined
  /** Tries of one request on different instances, the first included. Default 5. */
  readonly attempts?: number | undefined
  /** From starting to connect to an instance until connected. Default 1s. */
  readonly connectTimeout?: Duration | undefined
  /** From the last that an instance took of a request until the head of its response; the client's own pauses aside. Default 2m. */
  readonly responseTimeout?: Duration | undefined
  /** From one piece of a response to the next; event streams and what comes with `X-Accel-Buffering: no` may pause. Default 2m. */
  readonly responseIdle?: Duration | undefined
  /** A request body up to this size is kept in memory, so that the request can be repeated. Default 64kb. */
  readonly replayBytes?: Size | undefined
  /** A larger body is kept on disk up to this size; 0 keeps none there. Default 64mb. */
  readonly spoolBytes?: Size | undefined
  /** All bodies on disk together. Default 1gb. */
  readonly spoolTotalBytes?: Size | undefined
  /** Retries after deaths that the supervisor has not confirmed, as a share of recent requests. Default 0.2. */
  readonly retryShare?: number | undefined
  /** So many of them a second are allowed beside that share. Default 10. */
  readonly retriesPerSecond?: number | undefined
  /** A ready instance gets a tenth of its share at first, the whole after this; 0 gives it at once. Default 10s. */
  readonly slowStart?: Duration | undefined
  /** So many failures in a row take an instance out of the choice. Default 5. */
  readonly ejectAfter?: number | undefined
  /** For how long, the first time; each further time is longer. Default 1s. */
  readonly eject?: Duration | undefined
  /** No such time is longer. Default 30s. */
  readonly ejectMax?: Duration | undefined
  /** A response is held until it is complete or this large, so that most deaths in its middle can be repeated. Default 64kb. */
  readonly holdBytes?: Size | undefined
  /** No response is held longer than this after its head. Default 50ms. */
  readonly holdTime?: Duration | undefined
  /** An idle connection to an instance is closed after this: stay well below the instances' own keep-alive timeout. Default 4s. */
  readonly upstreamIdle?: Duration | undefined
  /** Idle connections kept per instance. Default 256. */
  readonly upstreamIdleConnections?: number | undefined
  /** The head of a request or of a response. Default 64kb. */
  readonly headBytes?: Size | undefined
  /** The header fields of a request. Default 200. */
  readonly headFields?: number | undefined
  /** The target of a request, which is its path and query. Default 16kb. */
  readonly targetBytes?: Size | undefined
  /** From a client's first byte until the head of its request. Default 1m. */
  readonly requestHeadTimeout?: Duration | undefined
  /** From a client's first byte until its whole request; what it waits for us and an instance aside. Default 5m. */
  readonly requestTimeout?: Duration | undefined
  /** From one piece of a request's body to the next. Default 1m. */
  readonly requestBodyIdle?: Duration | undefined
  /** How much is read of a body that nobody wants, so that its connection can go on; with more to come it closes. Default 8mb. */
  readonly discardBytes?: Size | undefined
  /** Client connections of one balancer at a time; beyond, the oldest idle ones are closed, then new ones refused. Default 20000. */
  readonly clientConnections?: number | undefined
  /** A client's idle keep-alive connection. Default 65s. */
  readonly clientIdle?: Duration | undefined
  /** How long what a client still sends is dropped after the last answer of its connection, so that it can read it. Default 5s. */
  readonly closeLinger?: Duration | undefined
  /** Streams of one HTTP/2 connection at a time. Default 128. */
  readonly http2Streams?: number | undefined
  /** A TLS handshake, or a PROXY protocol header. Default 10s. */
  readonly handshakeTimeout?: Duration | undefined
  /** A client, or an instance behind a WebSocket, that takes nothing of what it is sent for this long is cut off. Default 2m. */
  readonly stall?: Duration | undefined
  /** An instance that leaves has its WebSockets and event streams ended within this, spread evenly. Default 5s. */
  readonly streamSpread?: Duration | undefined
  /** How long a WebSocket may take to close after it was told to (1001). Default 2s. */
  readonly streamClose?: Duration | undefined
}

/** How one limit is read and what it may be, in the unit of `limit`: milliseconds, bytes, or a plain number. */
export interface LimitRule {
  readonly limit: keyof BalancerLimits
  readonly kind: 'duration' | 'size' | 'count' | 'number'
  readonly from: number
  readonly to: number
}

const gigabyte = 1024 ** 3

function duration(limit: keyof BalancerLimits, from = 1, to = maxTimeoutMs): LimitRule {
  return { limit, kind: 'duration', from, to }
}

function size(limit: keyof BalancerLimits, from: number, to: number): LimitRule {
  return { limit, kind: 'size', from, to }
}

function count(limit: keyof BalancerLimits, from: number, to: number): LimitRule {
  return { limit, kind: 'count', from, to }
}

export const limitRules: Readonly<Record<keyof LimitOptions, LimitRule>> = {
  concurrency: count('concurrency', 0, 100_000),
  queued: count('queued', 0, 1_000_000),
  queueTime: duration('queueTimeMs'),
  parked: count('parked', 0, 1_000_000),
  parkTime: duration('parkTimeMs'),
  attempts: count('attempts', 1, 20),
  connectTimeout: duration('connectTimeoutMs'),
  responseTimeout: duration('responseTimeoutMs'),
  responseIdle: duration('responseIdleMs'),
  replayBytes: size('replayBytes', 0, gigabyte),
  spoolBytes: size('spoolBytes', 0, 1024 * gigabyte),
  spoolTotalBytes: size('spoolTotalBytes', 0, 1024 * gigabyte),
  retryShare: { limit: 'retryShare', kind: 'number', from: 0, to: 1 },
  retriesPerSecond: { limit: 'retriesPerSecond', kind: 'number', from: 0, to: 100_000 },
  slowStart: duration('slowStartMs', 0),
  ejectAfter: count('ejectAfter', 1, 1_000_000),
  eject: duration('ejectMs'),
  ejectMax: duration('ejectMaxMs'),
  holdBytes: size('holdBytes', 0, gigabyte),
  // Rule R1: a stream is never delayed by more than this.
  holdTime: duration('holdTimeMs', 0, 50),
  upstreamIdle: duration('upstreamIdleMs'),
  upstreamIdleConnections: count('upstreamIdleConnections', 0, 100_000),
  headBytes: size('headBytes', 1024, 16 * 1024 ** 2),
  headFields: count('headFields', 16, 10_000),
  targetBytes: size('targetBytes', 256, 1024 ** 2),
  requestHeadTimeout: duration('requestHeadTimeoutMs'),
  requestTimeout: duration('requestTimeoutMs'),
  requestBodyIdle: duration('requestBodyIdleMs'),
  discardBytes: size('discardBytes', 0, 1024 * gigabyte),
  clientConnections: count('clientConnections', 1, 1_000_000),
  clientIdle: duration('clientIdleMs'),
  closeLinger: duration('closeLingerMs', 0),
  http2Streams: count('http2Streams', 1, 10_000),
  handshakeTimeout: duration('handshakeTimeoutMs'),
  stall: duration('stallMs'),
  streamSpread: duration('streamSpreadMs', 0),
  streamClose: duration('streamCloseMs'),
}

/** What a person calls a limit of the balancer: `parkTimeMs` is `parkTime`. */
export function limitOptionName(limit: string): string {
  return limit.replace(/Ms$/, '')
}
