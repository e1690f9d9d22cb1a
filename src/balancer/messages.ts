// What the primary and a balancer worker say to each other over IPC. The listening handle travels with `listen`. A worker
// may be newer than its primary (an upgrade of Drover), so every option has a default and unknown ones are ignored.
import type { BalancerLimits } from './limits.ts'
import type { LatencyCounts } from './telemetry/latency-buckets.ts'

/** An instance as the balancer sees it. A restarted instance keeps its id and gets a new epoch. */
export interface Upstream {
  readonly id: string
  readonly epoch: number
  readonly host: string
  readonly port: number
  /** Its share of the requests relative to others. Default 1. */
  readonly weight?: number
  /** It finishes what it has and is given nothing new; its WebSockets and event streams are asked to end. Default false. */
  readonly draining?: boolean
}

/** A route whose instances enforce idempotency keys: the key in the request licenses a repeat there (R1), and only there. */
export interface EnforcedRoute {
  /** Default POST and PATCH. */
  readonly methods?: readonly string[]
  /** A path, or with `*` at its end a prefix: `/orders`, `/api/*`. */
  readonly path: string
  /** The balancer mints a key when the client sent none. Default false. */
  readonly mint?: boolean
}

export interface TlsOptions {
  /** Paths of PEM files; the first is for clients that name no host or an unknown one. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[]
  /** Default 'TLSv1.2'. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

export interface HedgingOptions {
  /** A GET or HEAD without answer after this share of recent response times is sent to a second instance too. Default 0.95. */
  readonly quantile?: number
  /** At most this share of requests is hedged. Default 0.05. */
  readonly share?: number
}

export interface BalancerOptions {
  /** Add `x-drover-instance` to responses. */
  readonly reveal: boolean
  /** Clients are proxies of ours: believe X-Forwarded-* and Forwarded as they send them. Default false. */
  readonly trustForwarded?: boolean
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<BalancerLimits>
  /** Serve TLS on the port, with HTTP/2 for clients that speak it. Default: plain HTTP/1.1. */
  readonly tls?: TlsOptions
  /** Every connection begins with a PROXY protocol header, v1 or v2, which tells who the client is. Default false. */
  readonly proxyProtocol?: boolean
  /** Default none. */
  readonly enforcedRoutes?: readonly EnforcedRoute[]
  /** The secret word of `x-drover-not-processed`: a response with it was sent before any handler ran. Default: none is believed. */
  readonly marker?: string
  /** Default: no hedging. */
  readonly hedging?: HedgingOptions
  /** Where one line of JSON per request goes: a file's path, or '-' for standard output. Default: nowhere. */
  readonly accessLog?: string
  /** Count requests for the metrics. Default true. */
  readonly metrics?: boolean
  /** Explain a request that carries `x-drover-trace: 1` to clients on loopback. Default true. */
  readonly trace?: boolean
  /** The folder of request bodies too large for memory. Default: the system's. */
  readonly spoolDir?: string
}

export type BalancerCommand =
  | { readonly type: 'listen'; readonly options: BalancerOptions }
  /** Options that hold from the next request on; what belongs to listening (tls, proxyProtocol) from the next connection on. */
  | { readonly type: 'configure'; readonly options: BalancerOptions }
  /** The instances that may be given requests from now on; replaces the earlier list. */
  | { readonly type: 'upstreams'; readonly upstreams: readonly Upstream[] }
  /** `released` answers, once this start of the instance is given nothing, has nothing in flight and no connection. */
  | { readonly type: 'release'; readonly id: string; readonly epoch: number }
  /** Stop accepting, finish what is in flight, close idle connections; `drained` answers. */
  | { readonly type: 'drain'; readonly timeoutMs: number }
  /** The access log's file was renamed: open it anew under its name. */
  | { readonly type: 'reopen-log' }
  /** `metrics` answers, with the same number. */
  | { readonly type: 'metrics'; readonly id: number }

export interface UpstreamLoad {
  readonly id: string
  readonly inFlight: number
  /** Attempts answered since the worker started. */
  readonly requests: number
  /** Attempts that failed since the worker started. */
  readonly failures?: number
  /** Taken out of the choice because its attempts failed. */
  readonly ejected?: boolean
  /** Of its latest start. */
  readonly epoch?: number
  /** The worker was told that it drains, and gives it nothing new. */
  readonly draining?: boolean
  /** Of the attempts answered, those with a status of 500 or above: the app's own, none of the balancer's. */
  readonly errors?: number
  /**
   * How long attempts took that were answered, since the worker started, event streams and tunnels left out; by the buckets
   * of telemetry/latency-buckets.ts. Left out where it was told a moment ago or has not changed: it is as it was.
   */
  readonly latency?: LatencyCounts
}

/** What became of requests since the worker started; those refused while they were read are none. */
export interface RequestTotals {
  /** Those that are over. */
  readonly requests: number
  /** Of these, those that the balancer had to answer with an error of its own, or had to cut. */
  readonly failed: number
  /** Attempts after the first of their request, hedges left out. */
  readonly retried: number
  /** Times that a request had to wait: for an instance, for room on one, or to be repeated. */
  readonly waited: number
}

export interface BalancerLoad {
  readonly type: 'load'
  readonly parked: number
  readonly upstreams: readonly UpstreamLoad[]
  readonly totals?: RequestTotals
}

export type BalancerReport =
  | { readonly type: 'listening' }
  /** It cannot accept on the handle and ends; `code` is the system's, such as EADDRINUSE, or a sentence. */
  | { readonly type: 'refused'; readonly code: string }
  | BalancerLoad
  | { readonly type: 'released'; readonly id: string; readonly epoch: number }
  /** `cut` counts exchanges ended by the drain's deadline. */
  | { readonly type: 'drained'; readonly cut: number }
  /** The worker's registry as prom-client's getMetricsAsJSON gives it; once more, as number 0, before `drained`. */
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: readonly unknown[] }
  /** What an operator should know, such as a certificate that could not be loaded again. */
  | { readonly type: 'notice'; readonly text: string }
