// The SessionStore port in memory: each method does its work in one go, so it is atomic as it stands.
import type { Clock } from '../../base/clock.ts'
import type { RateCounter, RateHit } from '../../rate-limit/store.ts'
import { tagOf } from '../../session/id.ts'
import { mostListedSessions } from '../../session/store.ts'
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
import { idTaken, unavailable } from '../unavailable.ts'
import { Watchers } from '../watchers.ts'
import type { Whereabouts } from '../watchers.ts'
import { changed, meets } from './change.ts'
import type { MemorySessions } from './sessions.ts'

export class MemorySessionStore implements SessionStore, WatchingStore, RateCounter {
  readonly #sessions: MemorySessions
  readonly #clock: Clock
  readonly #watchers: Watchers
  #seenDepartures: number
  #isClosed = false

  constructor(sessions: MemorySessions, clock: Clock) {
    this.#sessions = sessions
    this.#clock = clock
    this.#seenDepartures = sessions.departures
    this.#watchers = new Watchers(
      { haveAnyLeft: async () => this.#haveAnyLeft(), find: async (keys) => this.#find(keys) },
      clock,
    )
  }

  async load(key: string): Promise<LoadedSession | undefined> {
    const nowMs = this.#begin('load the session')
    const at = this.#sessions.resolve(key, nowMs)
    const record = at === undefined ? undefined : this.#sessions.live(at, nowMs)
    if (record === undefined || at === key) return record
    const mark = this.#sessions.mark(key, nowMs)
    return mark && { ...record, successor: { key: mark.successor, sealedId: mark.sealedId } }
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    const nowMs = this.#begin('create the session')
    if (this.#sessions.resolve(key, nowMs) !== undefined) throw idTaken()
    const fields = new Map(record.fields)
    this.#sessions.store(key, bounded(record, fields, record.idleDeadlineMs), nowMs)
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    const nowMs = this.#begin('save the session')
    const at = this.#sessions.resolve(key, nowMs)
    const record = at === undefined ? undefined : this.#sessions.live(at, nowMs)
    if (at === undefined || record === undefined) return 'gone'
    if (!meets(record.fields, change)) return 'conflict'
    const idleDeadlineMs = Math.max(record.idleDeadlineMs, change.idleDeadlineMs)
    this.#sessions.records.set(at, bounded(record, changed(record.fields, change), idleDeadlineMs))
    return 'saved'
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    const nowMs = this.#begin('replace the session')
    const at = this.#sessions.resolve(oldKey, nowMs)
    const record = at === undefined ? undefined : this.#sessions.live(at, nowMs)
    if (at === undefined || record === undefined) return 'gone'
    if (this.#sessions.resolve(newKey, nowMs) !== undefined) throw idTaken()
    if (!meets(record.fields, change)) return 'conflict'
    const idleDeadlineMs = Math.max(record.idleDeadlineMs, change.idleDeadlineMs)
    const moved = bounded(identity, changed(record.fields, change), idleDeadlineMs)
    this.#sessions.store(newKey, moved, nowMs)
    this.#sessions.remove(at)
    this.#sessions.marks.delete(oldKey)
    if (forwarding !== undefined) {
      // Two requests that renew at once: whichever id the client is left with leads on.
      for (const key of [oldKey, at]) this.#sessions.marks.set(key, { ...forwarding, successor: newKey })
    }
    this.#watchers.lookSoon()
    return 'saved'
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    const nowMs = this.#begin('touch the session')
    const at = this.#sessions.resolve(key, nowMs)
    const record = at === undefined ? undefined : this.#sessions.live(at, nowMs)
    if (at === undefined || record === undefined) return
    const laterMs = Math.max(record.idleDeadlineMs, idleDeadlineMs)
    this.#sessions.records.set(at, bounded(record, record.fields, laterMs))
  }

  async delete(key: string): Promise<void> {
    const nowMs = this.#begin('delete the session')
    this.#sessions.remove(this.#sessions.resolve(key, nowMs) ?? key)
    this.#sessions.marks.delete(key)
    this.#watchers.lookSoon()
  }

  // The map itself is the index, so it is never incomplete; a look at each of a developer's sessions costs little.
  async list(tag: string): Promise<readonly ListedSession[]> {
    const nowMs = this.#begin('list the sessions')
    const listed: ListedSession[] = []
    for (const key of this.#sessions.records.keys()) {
      const record = tagOf(key) === tag ? this.#sessions.live(key, nowMs) : undefined
      if (record === undefined) continue
      const { fields: _, ...rest } = record
      listed.push({ key, ...rest })
    }
    return listed.toSorted((one, other) => other.createdAtMs - one.createdAtMs).slice(0, mostListedSessions)
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    const nowMs = this.#begin('revoke the sessions')
    const kept = exceptKey === undefined ? undefined : this.#sessions.resolve(exceptKey, nowMs)
    for (const key of this.#sessions.records.keys()) {
      if (tagOf(key) === tag && key !== kept) this.#sessions.remove(key)
    }
    this.#watchers.lookSoon()
  }

  async hit(key: string, takeUs: number, mostUs: number): Promise<RateHit> {
    const nowUs = microsecondsOf(this.#begin('count a hit'))
    const { untilUs, ...hit } = countHit(this.#sessions.counts.get(key), nowUs, takeUs, mostUs)
    if (untilUs !== undefined) this.#sessions.count(key, untilUs, nowUs)
    return hit
  }

  watch(key: string, onEnd: () => void): () => void {
    return this.#watchers.watch(key, onEnd)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watchers.close()
  }

  #begin(doing: string): number {
    if (this.#isClosed) throw unavailable(doing, 'the session store is closed')
    return this.#clock.now()
  }

  #haveAnyLeft(): boolean {
    const seen = this.#seenDepartures
    this.#seenDepartures = this.#sessions.departures
    return this.#seenDepartures !== seen
  }

  #find(keys: readonly string[]): ReadonlyMap<string, Whereabouts> {
    const nowMs = this.#clock.now()
    const found = new Map<string, Whereabouts>()
    for (const key of keys) {
      const at = this.#sessions.resolve(key, nowMs)
      const record = at === undefined ? undefined : this.#sessions.live(at, nowMs)
      if (at !== undefined && record !== undefined) {
        found.set(key, { key: at, idleDeadlineMs: record.idleDeadlineMs })
      }
    }
    return found
  }
}

/** A record with the deadlines that every store keeps: whole, and none past the absolute one. */
function bounded(
  { principal, device, ip, createdAtMs, absoluteDeadlineMs }: SessionIdentity,
  fields: ReadonlyMap<string, string>,
  idleDeadlineMs: number,
): SessionRecord {
  const endMs = wholeDeadlineMs(absoluteDeadlineMs)
  return {
    principal,
    device,
    ip,
    createdAtMs: wholeDeadlineMs(createdAtMs),
    absoluteDeadlineMs: endMs,
    idleDeadlineMs: Math.min(wholeDeadlineMs(idleDeadlineMs), endMs),
    fields,
  }
}
