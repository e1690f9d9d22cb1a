// The SessionStore port on one SQLite file: reads here, writes through the writer thread.
import type { Clock } from '../../base/clock.ts'
import type {
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import { idTaken, unavailable } from '../unavailable.ts'
import type { SqliteLimits } from './defaults.ts'
import type { FlatChange, FlatIdentity, WriteOperation, WriteOutcome } from './messages.ts'
import { SqliteReader } from './reader.ts'
import { startSweeper } from './sweeper.ts'
import { SqliteWriter } from './writer.ts'

export interface SqliteStoreSettings {
  readonly path: string
  readonly clock: Clock
  readonly random: () => number
  readonly limits: SqliteLimits
}

export class SqliteSessionStore implements SessionStore {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #limits: SqliteLimits
  readonly #path: string
  readonly #reader: SqliteReader
  readonly #writer: SqliteWriter
  #opened: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #stopSweeping: (() => void) | undefined

  constructor(settings: SqliteStoreSettings) {
    this.#path = settings.path
    this.#clock = settings.clock
    this.#random = settings.random
    this.#limits = settings.limits
    this.#reader = new SqliteReader(settings.path)
    this.#writer = new SqliteWriter(settings.path, settings.limits)
  }

  async load(key: string): Promise<SessionRecord | undefined> {
    await this.#open()
    if (this.#closed !== undefined) throw unavailable('load the session', 'the session store is closed')
    return this.#reader.load(key, this.#clock.now(), this.#limits.operationTimeoutMs)
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    const change = flatChange({
      set: record.fields,
      remove: new Set(),
      idleDeadlineMs: record.idleDeadlineMs,
    })
    const identity = flatIdentity(record)
    const outcome = await this.#write('create the session', (nowMs) => {
      return { kind: 'create', key, nowMs, identity, change }
    })
    if (outcome === 'taken') throw idTaken()
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    const flat = flatChange(change)
    const outcome = await this.#write('save the session', (nowMs) => {
      return { kind: 'save', key, nowMs, change: flat }
    })
    return outcome === 'gone' ? 'gone' : 'saved'
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<SaveOutcome> {
    const flat = { identity: flatIdentity(identity), change: flatChange(change) }
    const outcome = await this.#write('replace the session', (nowMs) => {
      return { kind: 'replace', oldKey, newKey, nowMs, ...flat }
    })
    if (outcome === 'taken') throw idTaken()
    return outcome === 'gone' ? 'gone' : 'saved'
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    const wantedMs = wholeDeadlineMs(idleDeadlineMs)
    await this.#write('touch the session', (nowMs) => {
      return { kind: 'touch', key, nowMs, idleDeadlineMs: wantedMs }
    })
  }

  async delete(key: string): Promise<void> {
    await this.#write('delete the session', () => ({ kind: 'delete', key }))
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopSweeping?.()
    this.#reader.close()
    await this.#writer.close()
  }

  async #write(doing: string, operation: (nowMs: number) => WriteOperation): Promise<WriteOutcome> {
    await this.#open()
    return this.#writer.submit(doing, operation(this.#clock.now()))
  }

  /** Once; a failed opening is tried again by the next call, so that a mended folder needs no restart. */
  #open(): Promise<void> {
    this.#opened ??= this.#openFile().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async #openFile(): Promise<void> {
    const doing = `open the session store ${JSON.stringify(this.#path)}`
    await this.#writer.submit(doing, { kind: 'open' })
    if (this.#closed !== undefined) return
    this.#stopSweeping = startSweeper({
      sweepChunk: () => this.#sweepChunk(),
      intervalMs: this.#limits.sweepIntervalMs,
      random: this.#random,
    })
  }

  async #sweepChunk(): Promise<boolean> {
    const outcome = await this.#write('sweep expired sessions', (nowMs) => ({ kind: 'sweep', nowMs }))
    return outcome === 'more'
  }
}

function flatIdentity(identity: SessionIdentity): FlatIdentity {
  return {
    principal: identity.principal ?? null,
    createdAtMs: wholeDeadlineMs(identity.createdAtMs),
    absoluteDeadlineMs: wholeDeadlineMs(identity.absoluteDeadlineMs),
  }
}

function flatChange(change: SessionChange): FlatChange {
  return {
    set: [...change.set].flat(),
    remove: [...change.remove],
    idleDeadlineMs: wholeDeadlineMs(change.idleDeadlineMs),
  }
}
