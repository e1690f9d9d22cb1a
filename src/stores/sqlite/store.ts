// The SessionStore port on one SQLite file: reads here, writes through the writer thread.
import type { Clock } from '../../base/clock.ts'
import type { RateCounter, RateHit } from '../../rate-limit/store.ts'
import { tell } from '../../session/events.ts'
import type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  WatchingStore,
} from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import { countHit, microsecondsOf } from '../hit.ts'
import { noSum } from '../sum.ts'
import { idTaken, unavailable } from '../unavailable.ts'
import { Watchers } from '../watchers.ts'
import type { Whereabouts } from '../watchers.ts'
import type { SqliteLimits } from './defaults.ts'
import { flatChange, flatIdentity } from './flat.ts'
import type { WriteOperation, WriteOutcome } from './messages.ts'
import { SqliteReader } from './reader.ts'
import type { SessionReads } from './reads.ts'
import { startSweeper } from './sweeper.ts'
import { SqliteWriter } from './writer.ts'

export interface SqliteStoreSettings {
  readonly path: string
  readonly clock: Clock
  readonly random: () => number
  readonly limits: SqliteLimits
}

export class SqliteSessionStore implements SessionStore, WatchingStore, RateCounter {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #limits: SqliteLimits
  readonly #path: string
  readonly #reader: SqliteReader
  readonly #writer: SqliteWriter
  readonly #watchers: Watchers
  #seenDepartures: number | undefined
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
    this.#watchers = new Watchers(
      { haveAnyLeft: () => this.#haveAnyLeft(), find: (keys) => this.#find(keys) },
      settings.clock,
    )
  }

  load(key: string): Promise<LoadedSession | undefined> {
    return this.#read('load the session', (reads, nowMs) => reads.load(key, nowMs))
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
    return saveOutcome(outcome)
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    const flat = {
      identity: flatIdentity(identity),
      change: flatChange(change),
      ...(forwarding && { forwarding: { ...forwarding, untilMs: wholeDeadlineMs(forwarding.untilMs) } }),
    }
    const outcome = await this.#write('replace the session', (nowMs) => {
      return { kind: 'replace', oldKey, newKey, nowMs, ...flat }
    })
    this.#watchers.lookSoon()
    if (outcome === 'taken') throw idTaken()
    return saveOutcome(outcome)
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    const wantedMs = wholeDeadlineMs(idleDeadlineMs)
    await this.#write('touch the session', (nowMs) => {
      return { kind: 'touch', key, nowMs, idleDeadlineMs: wantedMs }
    })
  }

  async delete(key: string): Promise<void> {
    await this.#write('delete the session', (nowMs) => ({ kind: 'delete', key, nowMs }))
    this.#watchers.lookSoon()
  }

  list(tag: string): Promise<readonly ListedSession[]> {
    return this.#read('list the sessions', (reads, nowMs) => reads.list(tag, nowMs))
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    const except = exceptKey === undefined ? {} : { exceptKey }
    await this.#write('revoke the sessions', (nowMs) => ({ kind: 'revoke', tag, nowMs, ...except }))
    this.#watchers.lookSoon()
  }

  /** One that is refused is read only: what was taken only ever grows, so no later state would take it. */
  async hit(key: string, takeUs: number, mostUs: number): Promise<RateHit> {
    const doing = 'count a hit'
    const asked = await this.#read(doing, (reads, nowMs) => {
      return countHit(reads.rate(key), microsecondsOf(nowMs), takeUs, mostUs)
    })
    if (asked.untilUs === undefined) return asked
    const outcome = await this.#write(doing, (nowMs) => {
      return { kind: 'hit', key, nowUs: microsecondsOf(nowMs), takeUs, mostUs }
    })
    if (typeof outcome === 'string' || !('isTaken' in outcome)) throw unavailable(doing, 'it was not counted')
    return { isTaken: outcome.isTaken, usedUs: outcome.usedUs }
  }

  watch(key: string, onEnd: () => void): () => void {
    return this.#watchers.watch(key, onEnd)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopSweeping?.()
    this.#watchers.close()
    this.#reader.close()
    await this.#writer.close()
  }

  async #read<Found>(doing: string, read: (reads: SessionReads, nowMs: number) => Found): Promise<Found> {
    await this.#open()
    if (this.#closed !== undefined) throw unavailable(doing, 'the session store is closed')
    const nowMs = this.#clock.now()
    return this.#reader.read(doing, this.#limits.operationTimeoutMs, (reads) => read(reads, nowMs))
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
    if (typeof outcome === 'string' || !('expired' in outcome)) return false
    for (const [key, principal] of outcome.expired) tell('expired', key, principal ?? undefined)
    return outcome.more
  }

  async #haveAnyLeft(): Promise<boolean> {
    const seen = this.#seenDepartures
    this.#seenDepartures = await this.#read('watch the sessions', (reads) => reads.departures())
    return this.#seenDepartures !== seen
  }

  #find(keys: readonly string[]): Promise<ReadonlyMap<string, Whereabouts>> {
    return this.#read('watch the sessions', (reads, nowMs) => reads.find(keys, nowMs))
  }
}

function saveOutcome(outcome: WriteOutcome): SaveOutcome {
  if (outcome === 'invalid') throw noSum()
  return outcome === 'gone' || outcome === 'conflict' ? outcome : 'saved'
}
