// Every process group that must not outlive this run, told to the disk and to the guardian alike.
import type { GroupRecord } from './group-record.ts'
import type { Guardian } from './guardian.ts'
import type { Group } from './process-group.ts'

export class LivingGroups {
  readonly #record: GroupRecord
  readonly #guardian: Guardian
  readonly #log: (line: string) => void
  readonly #groups = new Map<number, Group>()

  constructor(record: GroupRecord, guardian: Guardian, log: (line: string) => void) {
    this.#record = record
    this.#guardian = guardian
    this.#log = log
  }

  /** Resolves when the group is recorded; only then may its command run. */
  add(group: Group): Promise<void> {
    this.#groups.set(group.pid, group)
    return this.#tell()
  }

  /** Call when nothing of the group is left, or nobody is to end it any more. */
  async remove(pid: number): Promise<void> {
    if (this.#groups.delete(pid)) await this.#tell()
  }

  #tell(): Promise<void> {
    const groups = [...this.#groups.values()]
    try {
      this.#record.write(groups)
    } catch (error) {
      // A full disk or a removed folder must not keep an instance from being started again, nor a
      // stop from ending: the guardian still knows, and only a kill of both would leave something
      // behind.
      this.#log(`Cannot record process groups: ${error instanceof Error ? error.message : String(error)}`)
    }
    return this.#guardian.tell(groups)
  }
}
