// What the supervisor is asked to keep alive, and what it tells about it.

export type InstanceState = 'starting' | 'ready' | 'draining' | 'stopping' | 'backoff' | 'stopped'

export interface FleetOptions {
  /** The program and its arguments, run without a shell. */
  readonly command: readonly string[]
  readonly cwd: string
  /** The environment of every instance; PORT and DROVER_INSTANCE are added to it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly instances: number
  readonly version: string
  /** Ready when GET of this path answers 2xx; when undefined, as soon as the port accepts a connection. */
  readonly healthPath: string | undefined
  /** A start that is not ready by then is killed and counts as a death. */
  readonly readyTimeoutMs: number
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number
  /** Folder for the record of process groups and the lock. */
  readonly stateDir: string
}

/** One instance as the supervisor sees it. */
export interface InstanceView {
  readonly id: string
  /** Grows with every start, so that a restarted instance is not taken for its predecessor. */
  readonly epoch: number
  readonly pid: number | undefined
  readonly port: number | undefined
  readonly state: InstanceState
  readonly restarts: number
  readonly startedAtMs: number | undefined
}
