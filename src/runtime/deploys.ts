// Drives a deploy: asks the pure decision after every change what the fleet is to become, tells what happens, and keeps the history.
import { DroverError } from '../base/errors.ts'
import type { DeployRules } from '../config/options.ts'
import type { DeployCommands } from '../control/commands.ts'
import type {
  DeployEnded,
  DeployEvent,
  DeployRequest,
  HistoryEntry,
  RollbackRequest,
} from '../control/deploying.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import type { Scheduler } from '../supervisor/scheduler.ts'
import type { Target } from '../supervisor/target.ts'
import type { Announcement } from './announcement.ts'
import type { InstanceLoad } from './balancer-loads.ts'

/** What Deploys needs. Nothing here may throw. */
export interface DeploysPorts {
  /** What the fleet is to be now. Its `instances` may change while a deploy goes on; `current` and `next` are changed by deploys alone. */
  readonly target: () => Target
  /** From now on the fleet moves towards it. */
  readonly aim: (target: Target) => void
  readonly instances: () => readonly InstanceView[]
  /** What the balancers counted, by instance. */
  readonly stats: () => ReadonlyMap<string, InstanceLoad>
  /** Looked at again and again, so that a reload holds for the deploy that goes on. */
  readonly rules: () => DeployRules
  /** The label of the code in a folder: config/version.ts `readVersion`. */
  readonly readLabel: (dir: string) => Promise<string>
  /** The last lines that an instance wrote, oldest first: shown when it answers badly and so has not died. */
  readonly linesOf: (id: string) => readonly string[]
  readonly now: () => number
  readonly scheduler: Scheduler
  /** Where the history is kept. */
  readonly stateDir: string
  /** What the configuration adds to the environment that `drover up` was given. */
  readonly configuredEnv: Readonly<Record<string, string | undefined>>
  readonly announce: (announcement: Announcement) => void
}

/** One for a run of `drover up`. */
export class Deploys implements DeployCommands {
  readonly #ports: DeploysPorts

  constructor(ports: DeploysPorts) {
    this.#ports = ports
  }

  /**
   * Reads the history and aims at the version that is to run: that of the last deploy, if it was made over this very configuration,
   * else the configured one, which is `target().current` until now. Called once, while this run has the state folder and
   * before the first instance starts.
   */
  open(): void {
    this.#ports.aim(this.#ports.target())
  }

  /** The instances have changed. */
  follow(): void {
    // Nothing goes on.
  }

  /** An instance died unasked. */
  died(_death: InstanceDeath): void {
    // Nothing goes on.
  }

  /** The fleet begins to stop: a deploy that goes on ends as aborted, and none begins any more. */
  stop(): void {
    // Nothing goes on.
  }

  deploy(_request: DeployRequest, _onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return Promise.reject(new DroverError('OPTION_INVALID', 'Cannot deploy yet'))
  }

  rollback(_request: RollbackRequest, _onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return Promise.reject(new DroverError('VERSION_UNKNOWN', 'Cannot roll back: no version ran before'))
  }

  abortDeploy(): { readonly version: string | null } {
    return { version: null }
  }

  history(): readonly HistoryEntry[] {
    return []
  }
}
