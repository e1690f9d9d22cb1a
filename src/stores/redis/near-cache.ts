// Sessions that were read a moment ago, kept in this process until Redis says that they have changed.
//
// What makes it safe: the server remembers which keys were read over a connection (CLIENT TRACKING) and tells of a change
// to any. A read during which its keys change is not kept; a lost connection empties the cache at once.
import type { Clock } from '../../base/clock.ts'
import type { LoadedSession } from '../../session/store.ts'
import { isOver } from '../deadlines.ts'
import type { NearCacheLimits } from './defaults.ts'
import type { KeyNames } from './keys.ts'
import type { LinkObserver } from './link.ts'

export interface NearCacheSettings {
  readonly limits: NearCacheLimits
  readonly names: KeyNames
  readonly clock: Clock
}

/** The two Redis keys a session depends on: its own, and its principal's mark. */
interface Dependent {
  readonly redisKey: string
  readonly markKey: string | undefined
}

interface Entry extends Dependent {
  readonly record: LoadedSession
  readonly bytes: number
}

/** A load under way. */
interface Reading extends Dependent {
  /** Whether a key changed, or the connection was lost, since it was sent: then its answer is not kept. */
  isStale: boolean
  answer: Promise<LoadedSession | undefined>
}

/** For the maps, the record and its strings' headers; measured as roughly that on 64-bit Node. */
const bytesPerSession = 600
const bytesPerField = 100

export class NearCache implements LinkObserver {
  readonly #settings: NearCacheSettings
  /** By Redis key, the least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #readings = new Map<string, Reading>()
  /** What depends on a principal's mark. */
  readonly #byMark = new Map<string, Set<string>>()
  /** Where a renewed session lives on: a write under its old key changes it there. The oldest first. */
  readonly #successors = new Map<string, string>()
  #bytes = 0
  #turn: Promise<void> | undefined

  constructor(settings: NearCacheSettings) {
    this.#settings = settings
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The session if it is known here, else what `load` finds, which is kept. Loads of one key at a time share an answer. */
  read(key: string, load: () => Promise<LoadedSession | undefined>): Promise<LoadedSession | undefined> {
    const redisKey = this.#settings.names.session(key)
    const entry = this.#entries.get(redisKey)
    if (entry !== undefined) {
      if (!isOver(entry.record.idleDeadlineMs, this.#settings.clock.now())) {
        this.#entries.delete(redisKey)
        this.#entries.set(redisKey, entry)
        return this.#endOfTurn().then(() => this.#entries.get(redisKey)?.record ?? this.read(key, load))
      }
      // Only Redis knows whether another server has moved the deadline this very moment.
      this.#drop(redisKey)
    }
    return this.#readings.get(redisKey)?.answer ?? this.#load(key, redisKey, load)
  }

  /** Own writes are not waited for to come back as a change: whoever has written must read what they wrote. */
  async around<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    // Before, so that nobody is given a session that may be ended by then; after, for what was read in between.
    this.#forget(keys)
    try {
      return await write()
    } finally {
      this.#forget(keys)
    }
  }

  /** The same for all sessions of a principal. */
  async aroundAll<T>(tag: string, write: () => Promise<T>): Promise<T> {
    const [markKey] = this.#settings.names.principal(tag)
    this.onChanged(markKey)
    try {
      return await write()
    } finally {
      this.onChanged(markKey)
    }
  }

  /**
   * Hits of one turn of the event loop are answered together, at its end: the requests that came at once then go through
   * the app's code one after another while it is hot, which saves more than the cache itself (bench: sessions, near cache).
   */
  #endOfTurn(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        resolve()
      })
    })
    return this.#turn
  }

  onChanged(redisKey: string | undefined): void {
    if (redisKey === undefined) {
      this.onLost()
      return
    }
    this.#drop(redisKey)
    const dependents = this.#byMark.get(redisKey)
    if (dependents !== undefined) for (const dependent of dependents) this.#drop(dependent)
  }

  onLost(): void {
    for (const reading of this.#readings.values()) reading.isStale = true
    this.#readings.clear()
    this.#entries.clear()
    this.#byMark.clear()
    this.#successors.clear()
    this.#bytes = 0
  }

  #load(
    key: string,
    redisKey: string,
    load: () => Promise<LoadedSession | undefined>,
  ): Promise<LoadedSession | undefined> {
    const markKey = this.#settings.names.markOf(key)
    const reading: Reading = { redisKey, markKey, isStale: false, answer: Promise.resolve(undefined) }
    this.#readings.set(redisKey, reading)
    this.#addToMark(reading)
    reading.answer = this.#keep(reading, load)
    return reading.answer
  }

  async #keep(
    reading: Reading,
    load: () => Promise<LoadedSession | undefined>,
  ): Promise<LoadedSession | undefined> {
    try {
      const record = await load()
      if (!reading.isStale) this.#take(reading, record)
      return record
    } finally {
      if (!reading.isStale) this.#endReading(reading)
    }
  }

  #take({ redisKey, markKey }: Reading, record: LoadedSession | undefined): void {
    if (record === undefined) return
    if (record.successor !== undefined) {
      this.#remember(redisKey, this.#settings.names.session(record.successor.key))
      return
    }
    const bytes = sizeOf(record, redisKey)
    const { maxBytes, maxSessions } = this.#settings.limits
    if (bytes > maxBytes) return
    this.#entries.set(redisKey, { redisKey, markKey, record, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= maxBytes && this.#entries.size <= maxSessions) break
      this.#drop(oldest)
    }
  }

  #remember(redisKey: string, successorKey: string): void {
    this.#successors.delete(redisKey)
    this.#successors.set(redisKey, successorKey)
    if (this.#successors.size <= this.#settings.limits.maxSessions) return
    const [oldest] = this.#successors.keys()
    if (oldest !== undefined) this.#successors.delete(oldest)
  }

  #endReading(reading: Reading): void {
    this.#readings.delete(reading.redisKey)
    if (!this.#entries.has(reading.redisKey)) this.#removeFromMark(reading)
  }

  #forget(keys: readonly string[]): void {
    for (const key of keys) {
      let redisKey: string | undefined = this.#settings.names.session(key)
      // Each step leads to a newer key, so this ends.
      for (; redisKey !== undefined; redisKey = this.#successors.get(redisKey)) this.#drop(redisKey)
    }
  }

  #drop(redisKey: string): void {
    const reading = this.#readings.get(redisKey)
    if (reading !== undefined) {
      reading.isStale = true
      this.#readings.delete(redisKey)
      this.#removeFromMark(reading)
    }
    const entry = this.#entries.get(redisKey)
    if (entry === undefined) return
    this.#entries.delete(redisKey)
    this.#bytes -= entry.bytes
    this.#removeFromMark(entry)
  }

  #addToMark({ redisKey, markKey }: Dependent): void {
    if (markKey === undefined) return
    const dependents = this.#byMark.get(markKey)
    if (dependents === undefined) this.#byMark.set(markKey, new Set([redisKey]))
    else dependents.add(redisKey)
  }

  #removeFromMark({ redisKey, markKey }: Dependent): void {
    if (markKey === undefined) return
    const dependents = this.#byMark.get(markKey)
    dependents?.delete(redisKey)
    if (dependents?.size === 0) this.#byMark.delete(markKey)
  }
}

function sizeOf(record: LoadedSession, redisKey: string): number {
  let characters = 2 * redisKey.length
  for (const word of [record.principal, record.device, record.ip]) characters += word?.length ?? 0
  for (const [name, text] of record.fields) characters += name.length + text.length
  return bytesPerSession + bytesPerField * record.fields.size + 2 * characters
}
