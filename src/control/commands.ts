// The commands a running fleet takes. The runtime implements them; the control server carries them over the socket.
import type { FleetSnapshot } from './snapshot.ts'

export interface FleetCommands {
  snapshot(): FleetSnapshot
  /** SIGKILLs the instance's whole process group. Throws INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  kill(id: string): { readonly id: string; readonly pid: number }
  /** Drains, then stops everything. Resolves when nothing is left running but the primary itself. */
  stop(): Promise<void>
}
