// The options of `drover up`: what a person may write, what they come to, and the defaults.
import type { Duration } from '../base/durations.ts'

/** The options of `drover up`, as `drover.config.ts` states them. Every one of them is also a flag, which wins over the file. */
export interface DroverConfig {
  /** The program of an instance and its arguments, run without a shell: `['node', 'server.ts']`. */
  readonly command?: readonly string[] | undefined
  /** How many copies run: a whole number from 1 to 64. Default 3, so that losing one leaves two. */
  readonly instances?: number | undefined
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
  /** How long a stop waits for the requests in flight before they are cut. Default 10s. */
  readonly drainTimeout?: Duration | undefined
}

type TimeoutName = 'readyTimeout' | 'stopTimeout' | 'drainTimeout'

/** Options that were found valid, from one source: a file, or flags. Timeouts are in milliseconds. */
export type ValidOptions = Omit<DroverConfig, TimeoutName> & {
  readonly [Name in TimeoutName]?: number | undefined
}

export type OptionName = keyof ValidOptions

/** What a fleet runs by: complete, frozen, every path absolute. */
export interface FleetConfig {
  readonly command: readonly string[]
  readonly instances: number
  readonly port: number
  readonly host: string
  readonly health: string | undefined
  readonly reveal: boolean
  readonly trustForwarded: boolean
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
  port: 8080,
  host: '127.0.0.1',
  state: '.drover',
  version: '1',
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
} as const

/** Above this the machine is out of cores long before Drover is out of instances. */
export const maxInstances = 64
/** A day: longer waits are a mistake, and timers beyond 24.8 days fire at once. */
export const maxTimeoutMs: number = 24 * 3_600_000
