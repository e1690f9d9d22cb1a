// What the supervisor is asked to keep alive, what it tells about it, and what it needs from outside.
import type { Clock } from '../base/clock.ts'
import type { Scheduler } from './scheduler.ts'

export type InstanceState = 'starting' | 'ready' | 'draining' | 'stopping' | 'backoff' | 'stopped'

export interface FleetOptions {
  /** The program and its arguments, run without a shell. */
  readonly command: readonly string[]
  readonly cwd: string
  /** The environment of every instance; PORT, DROVER_INSTANCE, DROVER_EPOCH and DROVER_RUN are added to it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly instances: number
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
  /** The loopback address it answers on; undefined until it has been ready. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly state: InstanceState
  readonly restarts: number
  readonly startedAtMs: number | undefined
}

export type OutputStream = 'stdout' | 'stderr'

/** An instance that died unasked. */
export interface InstanceDeath {
  readonly id: string
  readonly epoch: number
  /** Undefined when no process could be started. */
  readonly pid: number | undefined
  /** Such as 'exited with code 1 before it was ready' or 'killed by SIGKILL'. */
  readonly reason: string
  /** When the next start is due; 0 means at once, undefined that none follows. */
  readonly restartInMs: number | undefined
}

/** What the fleet needs from outside. Callbacks are called synchronously and must not throw. */
export interface FleetPorts {
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  /** Timers; the system's when left out. */
  readonly scheduler?: Scheduler
  /** One line for the operator, without the newline. */
  readonly log: (line: string) => void
  /** All instances, after any of them changed; a death is told here before anything else happens. */
  readonly onChange: (instances: readonly InstanceView[]) => void
  readonly onOutput: (id: string, stream: OutputStream, line: string) => void
  readonly onDeath?: (death: InstanceDeath) => void
  /**
   * Runs once the state folder is this run's and nothing of an earlier run is left, before the first
   * instance starts: the place to bind what instances are useless without. A rejection ends the start
   * and becomes its reason.
   */
  readonly beforeInstances?: () => Promise<void>
}
