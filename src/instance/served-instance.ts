// What `serve` gives back.
import type { InstanceState, InstanceTelemetry } from '../base/instance-telemetry.ts'
import type { HttpServer } from './app.ts'
import type { CutWork } from './connections.ts'

/** An app that is served. */
export interface ServedInstance {
  /** The port it listens on; before that the one it was told, 0 where the system is to choose. */
  readonly port: number
  /** Where this machine reaches it. */
  readonly url: string
  /** The app's server, for `upgrade` listeners such as that of `ws`. */
  readonly server: HttpServer
  /**
   * Resolves with true once it listens and `ready` said yes for the first time; with false when it was closed before.
   * Rejects when it cannot listen or the app cannot start.
   */
  readonly ready: Promise<boolean>
  readonly state: InstanceState
  /**
   * Leaves as at SIGTERM: readiness fails, requests are served for `graceMs`, then what is in flight is finished, everything is
   * closed, and `onClose` has been called. Resolves with what had to be cut; rejects, after all that, with the error of a hook.
   */
  drain(): Promise<CutWork>
  /** The same without the grace, also while `drain` has it. */
  close(): Promise<CutWork>
  telemetry(): InstanceTelemetry
}
