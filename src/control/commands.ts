// The commands a running fleet takes. The runtime implements them; the control server carries them over the socket.
import type { DeployEnded, DeployEvent, DeployRequest, HistoryEntry, RollbackRequest } from './deploying.ts'
import type { FleetSnapshot, Scale } from './snapshot.ts'

export interface ReloadRequest {
  /** Also replace the balancers, so that they run the code that is on disk now. */
  readonly balancers: boolean
}

export interface Reloaded {
  /** Options that changed and hold from now on. */
  readonly applied: readonly string[]
  /** Options that changed and need a restart of `drover up`; until then the fleet runs by their old values. */
  readonly restart: readonly string[]
  /** Whether certificates were read again from their files. */
  readonly certificates: boolean
  /** How many balancers were replaced, and how many requests had to be cut because they outlasted the drain timeout. */
  readonly replaced: number
  readonly cut: number
}

export interface LogRequest {
  /** Only this instance's lines. */
  readonly instance?: string
  /** How many of the last lines to begin with. */
  readonly lines: number
  /** Go on with new lines until `signal` aborts. */
  readonly follow: boolean
}

export interface LogLine {
  readonly atMs: number
  /** An instance's id, or 'drover' and 'access' for the fleet's own lines. */
  readonly id: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** What stands in place of lines that a reader was too slow for. */
export interface LogGap {
  readonly dropped: number
}

export type LogEntry = LogLine | LogGap

export interface DeployCommands {
  /**
   * Replaces the version that runs. `onEvent` is told of each step, the end included. Rejects OPTION_INVALID for what cannot be run,
   * and DEPLOY_RUNNING while another deploy goes on; a deploy that fails does not reject: its end says so.
   */
  deploy(request: DeployRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded>
  /** Deploys a version that ran before. Rejects VERSION_UNKNOWN when there is none. */
  rollback(request: RollbackRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded>
  /** Gives up the deploy that goes on, if there is one, and brings the version before it back. */
  abortDeploy(): { readonly version: string | null }
  /** The versions that were run or tried, oldest first. */
  history(): readonly HistoryEntry[]
}

export interface LogCommands {
  /**
   * What instances and fleet wrote, oldest first. A promise that `onEntry` returns is awaited before the next one; what does not
   * fit into memory meanwhile becomes a gap. Resolves when all is told, with `follow` when `signal` aborts. Rejects
   * INSTANCE_UNKNOWN for an instance that is not there and never wrote a line.
   */
  logs(
    request: LogRequest,
    onEntry: (entry: LogEntry) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
}

export interface FleetCommands extends DeployCommands, LogCommands {
  snapshot(): FleetSnapshot
  /** Rejects OPTION_INVALID for 'auto' where no bounds are configured. */
  scale(to: number | 'auto'): Scale
  /** Has an instance replaced, then drained and stopped; resolves when it has gone. Rejects INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  drain(id: string): Promise<{ readonly id: string }>
  /** SIGKILLs the instance's whole process group. Throws INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  kill(id: string): { readonly id: string; readonly pid: number }
  /**
   * Reads the configuration again and applies what can change while the fleet runs. Rejects OPTION_INVALID when it is
   * wrong, and CONTROL_FAILED when a new balancer does not start; what ran before then goes on.
   */
  reload(request: ReloadRequest): Promise<Reloaded>
  /** The metrics of the fleet in Prometheus' text format. */
  metrics(): Promise<string>
  /** Drains, then stops everything. Resolves when nothing is left running but the primary itself. */
  stop(): Promise<void>
}
