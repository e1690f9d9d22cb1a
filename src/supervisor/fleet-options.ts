// What the supervisor is asked to keep alive, what it tells about it, and what it needs from outside.
import type { Clock } from '../base/clock.ts'
import type { InstanceRole } from './plan.ts'
import type { Scheduler } from './scheduler.ts'
import type { Version } from './version.ts'

export type InstanceState = 'starting' | 'ready' | 'draining' | 'stopping' | 'backoff' | 'stopped'

export interface FleetOptions {
  /** Ready when GET of this path answers 2xx, twice; when undefined, as soon as the port accepts a connection. */
  readonly healthPath: string | undefined
  /** A start that is not ready by then is killed and counts as a death. */
  readonly readyTimeoutMs: number
  /** How long an instance that drains may take to finish what it has. */
  readonly drainTimeoutMs: number
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number
  /** Folder for the record of process groups and the lock. */
  readonly stateDir: string
}

/** One instance as the supervisor sees it. */
export interface InstanceView {
  /** The lowest number that was free when it was added, so that one that has gone may have had it before. */
  readonly id: string
  /** Grows with every start under this id, so that a restarted or another instance is not taken for its predecessor. */
  readonly epoch: number
  readonly version: Version
  readonly role: InstanceRole
  /** It is to be replaced, then drained. */
  readonly isRetiring: boolean
  readonly pid: number | undefined
  /** The loopback address it answers on; undefined until it has been ready. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly state: InstanceState
  readonly restarts: number
  readonly startedAtMs: number | undefined
  /** Undefined until it has been ready. */
  readonly readyAtMs: number | undefined
}

export type OutputStream = 'stdout' | 'stderr'

/** An instance that died unasked. */
export interface InstanceDeath {
  readonly id: string
  readonly epoch: number
  readonly version: Version
  /** Undefined when no process could be started. */
  readonly pid: number | undefined
  /** Such as 'exited with code 1 before it was ready' or 'killed by SIGKILL'. */
  readonly reason: string
  /** It was ended by a SIGKILL that was not ours: the kernel short of memory, or somebody who tries the fleet. */
  readonly isKill: boolean
  /** Deaths in a row before it was ready or right after, this one included; 0 for a later one. */
  readonly earlyDeaths: number
  /** When the next start is due; 0 means at once, undefined that none follows. */
  readonly restartInMs: number | undefined
  /** The last lines it wrote, once its output has ended. */
  readonly lastLines: Promise<readonly string[]>
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
   * Asked of an instance that could serve, before it counts as ready: resolves with why it must not, such as 'SESSION_KEYS differs on
   * instance 3', which then is the reason of its death. Must not reject.
   */
  readonly admit?: (instance: InstanceView) => Promise<string | undefined>
  /** Settles when nothing is in flight on an instance whose draining was told by `onChange`, at the latest after `timeoutMs`. */
  readonly drained?: (id: string, epoch: number, timeoutMs: number) => Promise<unknown>
  /**
   * Runs once the state folder is this run's and nothing of an earlier run is left, before the first
   * instance starts: the place to bind what instances are useless without. A rejection ends the start
   * and becomes its reason. Resolves whether instances are still wanted.
   */
  readonly beforeInstances?: () => Promise<boolean>
}
