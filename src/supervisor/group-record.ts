// The record on disk of every living process group, for the next `drover up` in case this one is killed.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import type { Group } from './process-group.ts'

/** Groups as they are written down. */
export const groupsSchema: v.GenericSchema<unknown, Group[]> = v.array(
  // 0 and 1 would reach far more than a group: kill(2) reads them as "mine" and, negated, "every process".
  v.object({ pid: v.pipe(v.number(), v.safeInteger(), v.minValue(2)), startTime: v.string() }),
)
const schema = v.object({ run: v.string(), groups: groupsSchema })

export interface RecordedRun {
  /** The mark that every process of that run carries in its environment. */
  readonly run: string
  readonly groups: readonly Group[]
}

export class GroupRecord {
  readonly #path: string
  readonly #run: string

  /** `run` is the mark of this run. */
  constructor(path: string, run: string) {
    this.#path = path
    this.#run = run
  }

  /** What the run before left. An unreadable record is told in one log line and counts as empty. */
  read(log: (line: string) => void): RecordedRun {
    const nothing = { run: '', groups: [] }
    try {
      return v.parse(schema, JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return nothing
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      log(
        `Cannot read the record of process groups ${JSON.stringify(this.#path)}: ${reason}; starting without it`,
      )
      return nothing
    }
  }

  /** Replaces the record atomically, so that a crash leaves the old or the new one. Only the lock's holder may. */
  write(groups: readonly Group[]): void {
    const recorded = groups.map(({ pid, startTime }) => ({ pid, startTime }))
    const temporary = `${this.#path}.tmp`
    writeFileSync(temporary, `${JSON.stringify({ run: this.#run, groups: recorded })}\n`, { mode: 0o600 })
    renameSync(temporary, this.#path)
  }
}
