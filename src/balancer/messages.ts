// What the primary and a balancer worker say to each other over IPC. The listening handle travels with `listen`.

/** An instance as the balancer sees it. A restarted instance keeps its id and gets a new epoch. */
export interface Upstream {
  readonly id: string
  readonly epoch: number
  readonly host: string
  readonly port: number
}

export interface BalancerOptions {
  /** Add `x-drover-instance` to responses. */
  readonly reveal: boolean
  /** Clients are proxies of ours: believe X-Forwarded-* and Forwarded as they send them. Default false. */
  readonly trustForwarded?: boolean
}

export type BalancerCommand =
  | { readonly type: 'listen'; readonly options: BalancerOptions }
  /** The instances that may be given requests from now on; replaces the earlier list. */
  | { readonly type: 'upstreams'; readonly upstreams: readonly Upstream[] }
  /** Stop accepting, finish what is in flight, close idle connections; `drained` answers. */
  | { readonly type: 'drain'; readonly timeoutMs: number }

export interface UpstreamLoad {
  readonly id: string
  readonly inFlight: number
  /** Attempts answered since the worker started. */
  readonly requests: number
}

export interface BalancerLoad {
  readonly type: 'load'
  readonly parked: number
  readonly upstreams: readonly UpstreamLoad[]
}

export type BalancerReport =
  | { readonly type: 'listening' }
  /** It cannot accept on the handle and ends; `code` is the system's, such as EADDRINUSE. */
  | { readonly type: 'refused'; readonly code: string }
  | BalancerLoad
  /** `cut` counts exchanges ended by the drain's deadline. */
  | { readonly type: 'drained'; readonly cut: number }
