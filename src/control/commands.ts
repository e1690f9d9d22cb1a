// The commands a running fleet takes. The runtime implements them; the control server carries them over the socket.
import type { FleetSnapshot } from './snapshot.ts'

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

export interface FleetCommands {
  snapshot(): FleetSnapshot
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
