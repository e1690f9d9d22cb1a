// The versions that were run or tried, in a file of the state folder that outlives the primary.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { historyOutcomes, type HistoryOutcome } from '../control/deploying.ts'

const historyName = 'history.json'
const mostEntries = 50
/** It holds what --env gave to a deploy, which may be a secret. */
const fileMode = 0o600

/** What is needed to run the version again, and what became of it. */
export interface VersionRecord {
  /** Goes on through all runs. */
  readonly number: number
  readonly label: string
  /** It was read from the code in `cwd`; else somebody gave it, or the configuration did. */
  readonly isLabelRead: boolean
  readonly command: readonly string[]
  readonly cwd: string
  /** What deploys have changed of the environment; nothing else of it is kept. */
  readonly env: Readonly<Record<string, string>>
  /** The digest of the configuration over which it was deployed. */
  readonly configuration: string
  readonly startedAtMs: number
  readonly endedAtMs: number | null
  readonly outcome: HistoryOutcome
  readonly reason: string | null
}

const recordSchema: v.GenericSchema<unknown, VersionRecord> = v.object({
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  label: v.string(),
  isLabelRead: v.boolean(),
  command: v.array(v.string()),
  cwd: v.string(),
  env: v.record(v.string(), v.string()),
  configuration: v.string(),
  startedAtMs: v.number(),
  endedAtMs: v.nullable(v.number()),
  outcome: v.picklist(historyOutcomes),
  reason: v.nullable(v.string()),
})
const schema = v.object({ current: v.nullable(v.number()), entries: v.array(recordSchema) })

interface HistoryFile {
  /** The number of the version that runs, or ran last; null before the first. */
  readonly current: number | null
  /** Oldest first. */
  readonly entries: readonly VersionRecord[]
}

const emptyFile: HistoryFile = { current: null, entries: [] }

export interface HistoryPorts {
  /** One line for the operator, where the file cannot be read or written; the fleet goes on without it. */
  readonly log: (line: string) => void
  /** Throws while the state folder is not ours: only who has its lock may write there. */
  readonly requireFolder: () => void
}

/** Only who has the state folder's lock may change it. */
export class VersionHistory {
  readonly #path: string
  readonly #ports: HistoryPorts
  #file: HistoryFile = emptyFile

  constructor(stateDir: string, ports: HistoryPorts) {
    this.#path = join(stateDir, historyName)
    this.#ports = ports
  }

  /** A file that is damaged is put aside, and the history begins anew. */
  read(): void {
    this.#file = this.#readFile()
  }

  /** Oldest first. */
  get entries(): readonly VersionRecord[] {
    return this.#file.entries
  }

  get current(): VersionRecord | undefined {
    return this.find(this.#file.current ?? 0)
  }

  find(number: number): VersionRecord | undefined {
    return this.entries.find((entry) => entry.number === number)
  }

  get nextNumber(): number {
    return (this.entries.at(-1)?.number ?? 0) + 1
  }

  add(entry: VersionRecord): void {
    this.#write({ ...this.#file, entries: [...this.entries, entry] })
  }

  /** Its deploy is over; one that is `done` is the current version from now on. */
  end(number: number, end: Pick<VersionRecord, 'endedAtMs' | 'outcome' | 'reason'>): void {
    const entries = this.entries.map((entry) => (entry.number === number ? { ...entry, ...end } : entry))
    this.#write({ current: end.outcome === 'done' ? number : this.#file.current, entries })
  }

  /** Deploys that went on when the primary was killed; from now on they are `interrupted`. */
  interrupt(nowMs: number, reason: string): readonly VersionRecord[] {
    const running = this.entries.filter(({ outcome }) => outcome === 'running')
    for (const { number } of running) this.end(number, { endedAtMs: nowMs, outcome: 'interrupted', reason })
    return running
  }

  #readFile(): HistoryFile {
    try {
      return v.parse(schema, JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return emptyFile
      this.#putAside(error)
      return emptyFile
    }
  }

  #putAside(error: unknown): void {
    const kept = `${this.#path}.damaged`
    const failure = attempt(() => {
      renameSync(this.#path, kept)
    })
    const place = failure === undefined ? `it is kept as ${kept}` : `it cannot be put aside: ${failure}`
    this.#ports.log(
      `Cannot read the history ${this.#path}: ${unreadable(error)}; it begins anew, and ${place}`,
    )
  }

  #write({ current, entries }: HistoryFile): void {
    this.#file = { current, entries: newest(entries, current) }
    this.save()
  }

  /** Writes the file anew. Atomically: a crash leaves the old or the new one. */
  save(): void {
    const failure = attempt(() => {
      this.#ports.requireFolder()
      const temporary = `${this.#path}.tmp`
      writeFileSync(temporary, `${JSON.stringify(this.#file, undefined, 2)}\n`, { mode: fileMode })
      renameSync(temporary, this.#path)
    })
    if (failure !== undefined) this.#ports.log(`Cannot write the history ${this.#path}: ${failure}`)
  }
}

/** The current version is never among those that are forgotten. */
function newest(entries: readonly VersionRecord[], current: number | null): readonly VersionRecord[] {
  const surplus = entries.length - mostEntries
  if (surplus <= 0) return entries
  const isForgotten = new Set(
    entries
      .filter(({ number }) => number !== current)
      .slice(0, surplus)
      .map(({ number }) => number),
  )
  return entries.filter(({ number }) => !isForgotten.has(number))
}

function attempt(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return firstLine(error)
  }
}

/** Without what is in the file: messages of parsers show a part of it, and there may be secrets. */
function unreadable(error: unknown): string {
  return error instanceof Error && 'code' in error ? firstLine(error) : 'it is damaged'
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0] ?? message
}
