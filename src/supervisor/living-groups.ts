// Every process group that must not outlive this run, told to the disk and to the guardian alike.
import type { GroupRecord } from './group-record.ts'
import type { Guardian } from './guardian.ts'
import type { Group } from './process-group.ts'
import type { StateFolder } from './state-folder.ts'

export class LivingGroups {
  readonly #folder: StateFolder
  readonly #record: GroupRecord
  readonly #guardian: Guardian
  readonly #log: (line: string) => void
  readonly #groups = new Map<number, Group>()
  /** Why they could not be recorded the last time. */
  #problem: string | undefined

  /** `record` is in `folder`, and written only while that is ours. */
  constructor(folder: StateFolder, record: GroupRecord, guardian: Guardian, log: (line: string) => void) {
    this.#folder = folder
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

  /** Records them all anew. */
  record(): void {
    try {
      this.#folder.requireOurs()
      this.#record.write([...this.#groups.values()])
      this.#problem = undefined
    } catch (error) {
      // A full disk or a removed folder must not keep an instance from being started again, nor a
      // stop from ending: the guardian still knows, and only a kill of both would leave something
      // behind.
      this.#complain(error instanceof Error ? error.message : String(error))
    }
  }

  /** Once, however many processes come and go meanwhile. */
  #complain(problem: string): void {
    if (problem !== this.#problem) this.#log(`Cannot record process groups: ${problem}`)
    this.#problem = problem
  }

  #tell(): Promise<void> {
    this.record()
    return this.#guardian.tell([...this.#groups.values()])
  }
}
