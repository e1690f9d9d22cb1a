// Every process group that a proof has started: ended by the guardian, should the proof itself be killed.
import { systemClock } from '../../base/clock.ts'
import { Guardian } from '../../supervisor/guardian.ts'
import type { Group } from '../../supervisor/process-group.ts'
import { endGroup } from '../../supervisor/process-group.ts'
import { systemScheduler } from '../../supervisor/scheduler.ts'

export class Groups {
  readonly #guardian = new Guardian({
    clock: systemClock,
    random: Math.random,
    scheduler: systemScheduler,
    log: () => undefined,
  })
  #groups: readonly Group[] = []

  constructor() {
    this.#guardian.start()
  }

  /** Resolves when the guardian knows; only then may the group's command run. */
  async add(group: Group): Promise<void> {
    this.#groups = [...this.#groups, group]
    await this.#guardian.tell(this.#groups)
  }

  /** SIGTERM and, after `graceMs` (0: at once), SIGKILL to all that is in it. */
  async end(group: Group, graceMs: number): Promise<void> {
    await endGroup(group, graceMs, systemScheduler)
    this.#groups = this.#groups.filter((other) => other !== group)
    await this.#guardian.tell(this.#groups)
  }

  async close(): Promise<void> {
    await Promise.all(this.#groups.map((group) => this.end(group, 0)))
    await this.#guardian.close()
  }
}
