// The SessionStore port on PostgreSQL. Each call is one statement; where that had no effect, a second one asks why.
import type { Clock } from '../../base/clock.ts'
import type { RateCounter, RateHit } from '../../rate-limit/store.ts'
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
  Successor,
  WatchingStore,
} from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import { microsecondsOf } from '../hit.ts'
import { noSum } from '../sum.ts'
import { describe, idTaken, unavailable } from '../unavailable.ts'
import { addendsOf, changeValues, expectationValues, identityValues, isPlain } from './change.ts'
import { sqlState } from './client.ts'
import type { PostgresAnswer, Value } from './client.ts'
import { mostHops } from './defaults.ts'
import type { PostgresLimits } from './defaults.ts'
import type { PostgresLink } from './link.ts'
import { fieldsText, readListed, readRecord } from './record.ts'
import type { Row } from './record.ts'
import type { Names, Run, StatementName, Statements } from './statements.ts'
import { startSweeper, sweep } from './sweeper.ts'
import { PostgresWatch, stripes } from './watch.ts'

export interface PostgresStoreSettings {
  readonly link: PostgresLink
  readonly names: Names
  readonly statements: Statements
  readonly clock: Clock
  readonly random: () => number
  readonly limits: PostgresLimits
  /** Whether watching keeps a connection for LISTEN. */
  readonly listen: boolean
}

/** What a write without effect met. */
interface Met {
  readonly successor: string | undefined
  readonly isExpected: boolean
  readonly isSummable: boolean
}

const noChange: SessionChange = { set: new Map(), remove: new Set(), idleDeadlineMs: 0 }
const uniqueViolation = '23505'

export class PostgresSessionStore implements SessionStore, WatchingStore, RateCounter {
  readonly #link: PostgresLink
  readonly #statements: Statements
  readonly #clock: Clock
  readonly #watch: PostgresWatch
  readonly #startSweeping: () => () => void
  #stopSweeping: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor({ link, names, statements, clock, random, limits, listen }: PostgresStoreSettings) {
    this.#link = link
    this.#statements = statements
    this.#clock = clock
    const run: Run = (doing, name, values) => this.#run(doing, name, values)
    const connect = listen ? () => link.checkOut() : undefined
    this.#watch = new PostgresWatch({ run, names, clock, limits, random, connect })
    const sweepChunk = () => sweep(run, this.#now())
    this.#startSweeping = () => startSweeper({ sweepChunk, intervalMs: limits.sweepIntervalMs, random })
  }

  async load(key: string): Promise<LoadedSession | undefined> {
    const nowMs = this.#now()
    let first: Successor | undefined
    let at = key
    for (let hop = 0; hop < mostHops; hop += 1) {
      const { rows } = await this.#run('load the session', 'load', [at, nowMs])
      const [row] = rows
      if (row === undefined) return undefined
      const { successor, ...record } = readOrRefuse(row)
      if (successor === undefined) return first === undefined ? record : { ...record, successor: first }
      // Only the first can be opened by whoever presents this id.
      first ??= successor
      at = successor.key
    }
    throw keptMoving('load the session')
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    const doing = 'create the session'
    const nowMs = this.#now()
    const { principal, device, ip, createdMs, absoluteMs } = identityValues(record)
    const idleMs = wholeDeadlineMs(record.idleDeadlineMs)
    const values = [
      key,
      nowMs,
      principal,
      device,
      ip,
      createdMs,
      absoluteMs,
      idleMs,
      fieldsText(record.fields),
    ]
    for (let hop = 0; hop < mostHops; hop += 1) {
      const { rowCount } = await this.#run(doing, 'create', values)
      if (rowCount === 1) return
      if (!(await this.#isFreed(doing, key, nowMs))) throw idTaken()
    }
    throw keptMoving(doing)
  }

  save(key: string, change: SessionChange): Promise<SaveOutcome> {
    const doing = 'save the session'
    const nowMs = this.#now()
    const values = changeValues(change)
    return this.#write(doing, key, nowMs, change, (at) =>
      isPlain(change)
        ? this.#run(doing, 'save', [at, nowMs, ...values.slice(0, 3)])
        : this.#run(doing, 'saveIf', [at, nowMs, ...values]),
    )
  }

  replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    const doing = 'replace the session'
    const nowMs = this.#now()
    const { principal, device, ip, createdMs, absoluteMs } = identityValues(identity)
    const untilMs = forwarding === undefined ? null : wholeDeadlineMs(forwarding.untilMs)
    const moved = [...changeValues(change), newKey, principal, device, ip, createdMs, absoluteMs]
    return this.#write(doing, oldKey, nowMs, change, async (at) => {
      // Two requests that renew at once: whichever id the client is left with leads on.
      const forwarded = forwarding === undefined ? [] : [...new Set([oldKey, at])]
      const values = [at, nowMs, ...moved, forwarded, forwarding?.sealedId ?? null, untilMs, stripeOf(at)]
      for (let hop = 0; hop < mostHops; hop += 1) {
        try {
          return await this.#run(doing, 'replace', values)
        } catch (error) {
          if (sqlState(error) !== uniqueViolation) throw error
          if (!(await this.#isFreed(doing, newKey, nowMs))) throw idTaken()
        }
      }
      throw keptMoving(doing)
    })
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    const doing = 'touch the session'
    const nowMs = this.#now()
    const idleMs = wholeDeadlineMs(idleDeadlineMs)
    await this.#write(doing, key, nowMs, noChange, (at) => this.#run(doing, 'touch', [at, nowMs, idleMs]))
  }

  async delete(key: string): Promise<void> {
    const doing = 'delete the session'
    await this.#write(doing, key, this.#now(), noChange, (at) =>
      this.#run(doing, 'delete', [at, stripeOf(at)]),
    )
  }

  async list(tag: string): Promise<readonly ListedSession[]> {
    const values = [...rangeOf(tag), this.#now(), mostListedSessions]
    const { rows } = await this.#run('list the sessions', 'list', values)
    return rows.map(readListed)
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    const values = [...rangeOf(tag), exceptKey ?? null, this.#now(), stripeOf(tag)]
    await this.#run('revoke the sessions', 'revokeAll', values)
  }

  async hit(key: string, takeUs: number, mostUs: number): Promise<RateHit> {
    const doing = 'count a hit'
    const nowUs = microsecondsOf(this.#clock.now())
    if (takeUs === 0) {
      const { rows } = await this.#run(doing, 'rate', [key])
      const usedUs = Math.max(0, Number(rows[0]?.[0] ?? 0) - nowUs)
      return { isTaken: usedUs <= mostUs, usedUs }
    }
    const { rows } = await this.#run(doing, 'hit', [key, nowUs, takeUs, mostUs])
    const [untilUs, wasTaken] = rows[0] ?? []
    return { isTaken: wasTaken === 't', usedUs: Math.max(0, Number(untilUs) - nowUs) }
  }

  watch(key: string, onEnd: () => void): () => void {
    return this.#watch.watch(key, onEnd)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopSweeping?.()
    this.#watch.close()
    await this.#link.close()
  }

  /** Whole: it is compared with what the tables keep. */
  #now(): number {
    return Math.trunc(this.#clock.now())
  }

  async #run(doing: string, name: StatementName, values: readonly Value[]): Promise<PostgresAnswer> {
    const answer = await this.#link.run(doing, this.#statements[name], values)
    if (this.#closed === undefined) this.#stopSweeping ??= this.#startSweeping()
    return answer
  }

  /**
   * Runs a write on the key under which the session lives, through however many renewals, until it has an effect or it is
   * known why it has none. What is alive and as expected, yet was not when the write ran, is written once more.
   */
  async #write(
    doing: string,
    key: string,
    nowMs: number,
    change: SessionChange,
    attempt: (at: string) => Promise<PostgresAnswer>,
  ): Promise<SaveOutcome> {
    let at = key
    for (let hop = 0; hop < mostHops; hop += 1) {
      const { rowCount } = await attempt(at)
      if (rowCount === 1) return 'saved'
      const met = await this.#inspect(doing, at, nowMs, change)
      if (met === undefined) return 'gone'
      if (met.successor !== undefined) at = met.successor
      else if (!met.isExpected) return 'conflict'
      else if (!met.isSummable) throw noSum()
      else if (change === noChange) return 'saved'
    }
    throw keptMoving(doing)
  }

  async #inspect(
    doing: string,
    key: string,
    nowMs: number,
    change: SessionChange = noChange,
  ): Promise<Met | undefined> {
    const values = [key, nowMs, ...expectationValues(change), fieldsText(addendsOf(change))]
    const { rows } = await this.#run(doing, 'inspect', values)
    const [row] = rows
    if (row === undefined) return undefined
    const [successor, isExpected, isSummable] = row
    return {
      successor: successor ?? undefined,
      isExpected: isExpected === 't',
      isSummable: isSummable === 't',
    }
  }

  /** Whether a key that a new session was refused for is free by now: what was there was over, or led nowhere. */
  async #isFreed(doing: string, key: string, nowMs: number): Promise<boolean> {
    const { rowCount } = await this.#run(doing, 'deleteExpired', [key, nowMs])
    if (rowCount === 1) return true
    if ((await this.#watch.find([key])).has(key)) return false
    await this.#run(doing, 'deleteForwarding', [key])
    return true
  }
}

/** What cannot be read is no logout (R3). */
function readOrRefuse(row: Row): ReturnType<typeof readRecord> {
  try {
    return readRecord(row)
  } catch (error) {
    throw unavailable('load the session', describe(error), error)
  }
}

/** All keys that begin with the tag and the dot after it, and none else: the slash comes next after the dot. */
function rangeOf(tag: string): readonly [string, string] {
  return [`${tag}.`, `${tag}/`]
}

/** Any number that differs for many keys. */
function stripeOf(key: string): number {
  return (key.codePointAt(key.length - 1) ?? 0) % stripes
}

function keptMoving(doing: string): Error {
  return unavailable(doing, `it was renewed or changed ${mostHops} times meanwhile`)
}
