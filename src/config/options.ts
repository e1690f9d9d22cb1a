// The options of `drover up`: what a person may write, what they come to, and the defaults.
import type { BalancerLimits } from '../balancer/limits.ts'
import type { EnforcedRoute, HedgingOptions, TlsOptions } from '../balancer/messages.ts'
import type { Duration } from '../base/durations.ts'
import type { LimitOptions } from './limit-options.ts'
import type { Size } from './size.ts'

/** The paths of a certificate, with its chain, and of its key, both PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface AutoscaleBounds {
  /** At least 1. Default 1. */
  readonly min?: number | undefined
  /** At most 64. */
  readonly max: number
  /** Requests that one instance serves well at a time. Default: `limits.concurrency`; without that, requests in flight do not count. */
  readonly concurrency?: number | undefined
}

export interface DeployOptions {
  /** How many instances are started beside the old ones at a time: 1 to 16. Default 1. */
  readonly surge?: number | undefined
  /** How long a new instance must be healthy before the next one is exchanged. Default 2s. */
  readonly healthyTime?: Duration | undefined
  /** By how much the share of failed requests may be above that of the old version: 0 to 1. Default 0.02. */
  readonly errorRate?: number | undefined
  /** How many times the 90th percentile of response times may be that of the old version, by more than 50 ms. Default 3. */
  readonly latency?: number | undefined
}

/** The options of `drover up`, as `drover.config.ts` states them. Most are also flags, which win over the file. */
export interface DroverConfig {
  /** The program of an instance and its arguments, run without a shell: `['node', 'server.ts']`. */
  readonly command?: readonly string[] | undefined
  /** How many copies run: a whole number from 1 to 64. Default 3, so that losing one leaves two. With `autoscale`: how many at the start. */
  readonly instances?: number | undefined
  /** Instances kept ready besides and given nothing, to take the place of one that dies at once: 0 to 16. Default 0. */
  readonly spares?: number | undefined
  /**
   * Let the load decide how many instances run, from `min` to `max`, so that each has about `concurrency` requests at a time, and
   * keeps its event loop and its core busy for 70 % of the time at most. Default: `instances`, whatever the load.
   */
  readonly autoscale?: AutoscaleBounds | undefined
  /** An instance whose processes hold more memory than this is replaced by a fresh one, and then drained: '512mb'. Default: no limit. */
  readonly maxMemory?: Size | undefined
  /**
   * An instance that answers nothing for so long, though asked every second, is killed and replaced: its event loop hangs. It needs
   * a `health` path or `drover/instance` to be asked. Default 5s; false: never.
   */
  readonly hangTimeout?: Duration | false | undefined
  /**
   * Names of variables that must have the same value on all instances of a version (R6), as `drover/instance` finds them once the app
   * has read its own files; one that differs is named, and the instance refused. No value is told. Default none but its own keys.
   */
  readonly fingerprint?: readonly string[] | undefined
  /** How `drover deploy` exchanges the instances, and when it gives up. */
  readonly deploy?: DeployOptions | undefined
  /** The port clients connect to; 0 takes any free one. Default: the environment's PORT, or 8080. */
  readonly port?: number | undefined
  /** The address to listen on. Default 127.0.0.1, so that nothing is open to a network unless asked for. */
  readonly host?: string | undefined
  /** A path whose GET answers 2xx once an instance can serve. Default: ready as soon as its port accepts a connection. */
  readonly health?: string | undefined
  /** Add `x-drover-instance` to every response. Default false. */
  readonly reveal?: boolean | undefined
  /**
   * Believe the X-Forwarded-* and Forwarded fields that come in, because only a proxy of yours (a TLS terminator, a CDN)
   * can reach the balancer. Default false: they are overwritten, since anybody can write them.
   */
  readonly trustForwarded?: boolean | undefined
  /** Every connection begins with a PROXY protocol header, v1 or v2, which tells who the client is. Default false. */
  readonly proxyProtocol?: boolean | undefined
  /**
   * Serve HTTPS, with HTTP/2 for clients that speak it: a certificate and its key, or several of which the client's host
   * name (SNI) picks one; the first is for clients that name none. Paths are read from the config file's folder.
   * `drover reload` reads the files again. Default: plain HTTP/1.1.
   */
  readonly tls?: TlsFiles | readonly TlsFiles[] | undefined
  /** The oldest TLS that clients may speak. Default 'TLSv1.2'. */
  readonly tlsMinVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /**
   * Routes whose instances enforce idempotency keys: a path or, with `*` at its end, a prefix, for POST and PATCH unless
   * `methods` says otherwise. There a request with a key may be repeated on another instance after the first one died.
   * `mint: true` gives a key to requests that come without one. Default none.
   */
  readonly idempotentRoutes?: readonly (string | EnforcedRoute)[] | undefined
  /**
   * Send a GET or HEAD that is slower than the share `quantile` of recent ones (0.95) to a second instance too, and answer
   * with the first response; at most the share `share` of requests (0.05). `true` takes these defaults. Default false.
   */
  readonly hedging?: boolean | HedgingOptions | undefined
  /** The share of the requests that instances get relative to others, by id: `{ '1': 2 }`. Default 1 for each. */
  readonly weights?: Readonly<Record<string, number>> | undefined
  /** How many balancer processes share the port: a whole number from 1 to 16. Default 1; more are for more cores. */
  readonly balancers?: number | undefined
  /** The bounds of the balancer that differ from their defaults, such as `{ concurrency: 100, queueTime: '2s' }`. */
  readonly limits?: LimitOptions | undefined
  /** Where one line of JSON per request goes: a file's path, or '-' for the output of `drover up`. Default: nowhere. */
  readonly accessLog?: string | undefined
  /**
   * Serve /metrics (Prometheus), /status and /healthz: a port on 127.0.0.1, or an address and a port. Whoever reaches it
   * can read them. Default: nowhere; `drover metrics` and `drover status` need no port.
   */
  readonly admin?: number | string | undefined
  /** Variables added to the environment of every instance; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The folder instances run in. Default: the folder of the config file, or the current one without a file. */
  readonly cwd?: string | undefined
  /** What this code is called in `drover status`. Default: git's short commit, else package.json's version, else "1". */
  readonly version?: string | undefined
  /** The folder of the lock, the control socket and the process records. Default `.drover` in the current folder. */
  readonly state?: string | undefined
  /** A start that is not ready by then is killed and tried again. Default 30s. */
  readonly readyTimeout?: Duration | undefined
  /** From SIGTERM to SIGKILL when an instance is stopped. Default 10s. */
  readonly stopTimeout?: Duration | undefined
  /** How long a stop, a balancer that is replaced or an instance that drains waits for the requests in flight before they are cut. Default 10s. */
  readonly drainTimeout?: Duration | undefined
}

/** Where the admin server listens. */
export interface AdminAddress {
  readonly host: string
  readonly port: number
}

/** What some options come to when they are found valid. */
interface ReadOptions {
  readonly readyTimeout?: number | undefined
  readonly stopTimeout?: number | undefined
  readonly drainTimeout?: number | undefined
  readonly hangTimeout?: number | false | undefined
  readonly maxMemory?: number | undefined
  readonly deploy?: Partial<DeployRules> | undefined
  readonly tls?: readonly TlsFiles[] | undefined
  readonly idempotentRoutes?: readonly EnforcedRoute[] | undefined
  readonly hedging?: false | HedgingOptions | undefined
  readonly limits?: Partial<BalancerLimits> | undefined
  readonly admin?: AdminAddress | undefined
}

/** Options that were found valid, from one source: a file, or flags. Timeouts are in milliseconds, sizes in bytes. */
export type ValidOptions = Omit<DroverConfig, keyof ReadOptions> & ReadOptions

export type OptionName = keyof ValidOptions

/** How a deploy goes and what it is judged by. Times in milliseconds. */
export interface DeployRules {
  readonly surge: number
  readonly healthyTimeMs: number
  readonly errorRate: number
  readonly latency: number
}

/** What a fleet runs by: complete, frozen, every path absolute. */
export interface FleetConfig {
  readonly command: readonly string[]
  readonly instances: number
  readonly spares: number
  readonly autoscale: AutoscaleBounds | undefined
  /** In bytes. */
  readonly maxMemory: number | undefined
  /** Undefined: hangs are not looked for. */
  readonly hangTimeoutMs: number | undefined
  readonly fingerprint: readonly string[]
  readonly deploy: DeployRules
  readonly port: number
  readonly host: string
  readonly health: string | undefined
  readonly reveal: boolean
  readonly trustForwarded: boolean
  readonly proxyProtocol: boolean
  readonly tls: TlsOptions | undefined
  readonly idempotentRoutes: readonly EnforcedRoute[]
  readonly hedging: HedgingOptions | undefined
  readonly weights: Readonly<Record<string, number>>
  readonly balancers: number
  readonly limits: Partial<BalancerLimits>
  /** Absolute, or '-'. */
  readonly accessLog: string | undefined
  readonly admin: AdminAddress | undefined
  /** What is added to the caller's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly version: string
  readonly stateDir: string
  readonly readyTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly drainTimeoutMs: number
}

export const defaults = {
  instances: 3,
  spares: 0,
  hangTimeoutMs: 5_000,
  deploy: { surge: 1, healthyTimeMs: 2_000, errorRate: 0.02, latency: 3 },
  port: 8080,
  host: '127.0.0.1',
  balancers: 1,
  state: '.drover',
  version: '1',
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
} as const

/** Above this the machine is out of cores long before Drover is out of instances. */
export const maxInstances = 64
/** Each costs memory and answers nothing. */
export const maxSpares = 16
/** Each is a thread busy with nothing else; on a machine that fills so many, another balancer in front is due. */
export const maxBalancers = 16
/** A day: longer waits are a mistake, and timers beyond 24.8 days fire at once. */
export const maxTimeoutMs: number = 24 * 3_600_000
