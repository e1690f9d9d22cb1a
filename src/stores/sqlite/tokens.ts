// The TokenStore port on one SQLite file, shared by every process of the machine.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { familyTag } from '../../tokens/token-store.ts'
import type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  RevocationFollower,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from '../../tokens/token-store.ts'
import { isOver, wholeDeadlineMs } from '../deadlines.ts'
import { revocationText, RevocationTails } from '../revocations.ts'
import { shownFamily, turnFamily } from '../token-family.ts'
import type { KeptFamily } from '../token-family.ts'
import { sharedPath } from './database.ts'
import { sweepChunkSize } from './defaults.ts'
import { RevocationReader } from './revocation-reader.ts'
import { startSweeper } from './sweeper.ts'
import { openTransactions } from './transactions.ts'
import type { SqliteTransactions, TransactionOptions } from './transactions.ts'

export interface SqliteTokenOptions extends TransactionOptions {
  /** How often the file is looked at for revocations by others, in milliseconds: a few microseconds each time. Default: 20. */
  readonly followIntervalMs?: number
  /** Mean time between two sweeps of what is over by one process, in milliseconds. Default: 60,000. */
  readonly sweepIntervalMs?: number
  /** In [0, 1): spreads the sweeps of many processes. Default: Math.random. */
  readonly random?: () => number
}

/**
 * Key rings, token families and revocations in tables `drover_token_…` of the SQLite file `path`, shared by the processes of one
 * machine. Opened by its first use. Throws OPTION_INVALID for a path that no other process could share (`''`, `':memory:'`).
 */
export function sqliteTokenStore(path: string, options: SqliteTokenOptions = {}): TokenStore {
  const { followIntervalMs = 20, sweepIntervalMs = 60_000, random = Math.random, ...others } = options
  return new SqliteTokenStore(openTransactions(path, others, { tables, prepare }), {
    path: sharedPath(path),
    clock: others.clock ?? systemClock,
    followIntervalMs,
    sweepIntervalMs,
    random,
  })
}

/** A revocation's id tells when it was committed: SQLite has one writer at a time. */
const tables = `
  CREATE TABLE IF NOT EXISTS drover_token_ring (
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    text    TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS drover_token_family (
    key                  TEXT PRIMARY KEY,
    text                 TEXT NOT NULL,
    generation           INTEGER NOT NULL,
    mark                 INTEGER NOT NULL,
    advanced_at_ms       INTEGER NOT NULL,
    idle_deadline_ms     INTEGER NOT NULL,
    absolute_deadline_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS drover_token_family_end ON drover_token_family (idle_deadline_ms);
  CREATE TABLE IF NOT EXISTS drover_token_mark (
    tag      TEXT PRIMARY KEY,
    mark     INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS drover_token_mark_end ON drover_token_mark (until_ms);
  CREATE TABLE IF NOT EXISTS drover_token_revocation (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    text     TEXT NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS drover_token_revocation_end ON drover_token_revocation (until_ms);`

type Statements = ReturnType<typeof prepare>

function prepare(database: DatabaseSync) {
  const prepared = (sql: string): StatementSync => database.prepare(sql)
  const sweepOf = (table: string, key: string, end: string) =>
    prepared(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${end} <= ? LIMIT ${sweepChunkSize})`,
    )
  return {
    findRing: prepared('SELECT version, text FROM drover_token_ring WHERE name = ?'),
    putRing: prepared('INSERT OR REPLACE INTO drover_token_ring VALUES (?, ?, ?)'),
    find: prepared('SELECT * FROM drover_token_family WHERE key = ?'),
    put: prepared('INSERT OR REPLACE INTO drover_token_family VALUES (?, ?, ?, ?, ?, ?, ?)'),
    remove: prepared('DELETE FROM drover_token_family WHERE key = ?'),
    findMark: prepared('SELECT mark, until_ms FROM drover_token_mark WHERE tag = ?'),
    putMark: prepared('INSERT OR REPLACE INTO drover_token_mark VALUES (?, ?, ?)'),
    publish: prepared('INSERT INTO drover_token_revocation (text, until_ms) VALUES (?, ?)'),
    sweeps: [
      sweepOf('drover_token_family', 'key', 'idle_deadline_ms'),
      sweepOf('drover_token_mark', 'tag', 'until_ms'),
      sweepOf('drover_token_revocation', 'id', 'until_ms'),
    ],
  }
}

interface TokenStoreSettings {
  readonly path: string
  readonly clock: Clock
  readonly followIntervalMs: number
  readonly sweepIntervalMs: number
  readonly random: () => number
}

class SqliteTokenStore implements TokenStore {
  readonly #transactions: SqliteTransactions<Statements>
  readonly #settings: TokenStoreSettings
  readonly #reader: RevocationReader
  readonly #tails = new RevocationTails()
  #stopSweeping: (() => void) | undefined
  #isClosed = false

  constructor(transactions: SqliteTransactions<Statements>, settings: TokenStoreSettings) {
    this.#transactions = transactions
    this.#settings = settings
    this.#reader = new RevocationReader(settings.path)
  }

  loadKeys(ring: string): Promise<KeyRingRecord | undefined> {
    return this.#read('load the key ring', ({ findRing }) => {
      const row = findRing.get(ring)
      return row && { version: Number(row['version']), text: String(row['text']) }
    })
  }

  saveKeys(ring: string, version: number, text: string): Promise<boolean> {
    return this.#run('save the key ring', ({ findRing, putRing }) => {
      if (Number(findRing.get(ring)?.['version'] ?? 0) !== version) return false
      putRing.run(ring, version + 1, text)
      return true
    })
  }

  createFamily(key: string, { text, idleDeadlineMs, absoluteDeadlineMs }: TokenFamily): Promise<number> {
    const endMs = wholeDeadlineMs(absoluteDeadlineMs)
    return this.#run('begin a token family', (statements, nowMs) => {
      const before = markOf(statements, familyTag(key))
      statements.putMark.run(familyTag(key), before.value, Math.max(before.untilMs, endMs))
      put(statements, key, {
        text,
        generation: 1,
        mark: before.value,
        advancedAtMs: nowMs,
        idleDeadlineMs: Math.min(wholeDeadlineMs(idleDeadlineMs), endMs),
        absoluteDeadlineMs: endMs,
      })
      return before.value
    })
  }

  loadFamily(key: string): Promise<LiveFamily | undefined> {
    return this.#read('load the token family', (statements, nowMs) => {
      const kept = live(statements, key, nowMs)
      return kept && shownFamily(kept)
    })
  }

  advanceFamily(key: string, turn: FamilyTurn): Promise<TurnOutcome> {
    return this.#run('advance the token family', (statements, nowMs): TurnOutcome => {
      const kept = live(statements, key, nowMs)
      if (kept === undefined) return { status: 'gone' }
      const { outcome, next } = turnFamily(kept, turn, nowMs)
      if (next !== undefined) put(statements, key, next)
      if (outcome.status === 'replayed') retire(statements, key, turn.revokedUntilMs)
      return outcome
    })
  }

  async endFamily(key: string, revokedUntilMs: number): Promise<void> {
    await this.#run('end the token family', (statements) => retire(statements, key, revokedUntilMs))
  }

  endFamilies(tag: string, revokedUntilMs: number, exceptKey?: string): Promise<Revocation> {
    const untilMs = wholeDeadlineMs(revokedUntilMs)
    return this.#run('end the token families', (statements, nowMs) => {
      const isOfTag = exceptKey !== undefined && familyTag(exceptKey) === tag
      const spared = isOfTag ? live(statements, exceptKey, nowMs) : undefined
      const before = markOf(statements, tag)
      const mark = before.value + 1
      statements.putMark.run(tag, mark, Math.max(before.untilMs, untilMs))
      if (spared === undefined || exceptKey === undefined)
        return publish(statements, { kind: 'principal', tag, mark, untilMs })
      put(statements, exceptKey, { ...spared, mark })
      return publish(statements, { kind: 'principal', tag, mark, except: exceptKey, untilMs })
    })
  }

  follow(follower: RevocationFollower): () => void {
    const { clock, followIntervalMs } = this.#settings
    let isOpen = false
    const read = async (place: number | undefined) => {
      // The file and its tables may not be there yet.
      if (!isOpen) await this.#read('follow the revocations', () => undefined)
      isOpen = true
      return this.#reader.read(place)
    }
    return this.#tails.start({ read, follower, clock, intervalMs: followIntervalMs })
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#stopSweeping?.()
    this.#tails.close()
    this.#reader.close()
    return this.#transactions.close()
  }

  #run<Result>(doing: string, act: (statements: Statements, nowMs: number) => Result): Promise<Result> {
    this.#startSweeping()
    return this.#transactions.run(doing, (statements, nowMs) => act(statements, Math.trunc(nowMs)))
  }

  #read<Result>(doing: string, act: (statements: Statements, nowMs: number) => Result): Promise<Result> {
    this.#startSweeping()
    return this.#transactions.read(doing, (statements, nowMs) => act(statements, Math.trunc(nowMs)))
  }

  #startSweeping(): void {
    if (this.#isClosed) return
    const { sweepIntervalMs, random } = this.#settings
    this.#stopSweeping ??= startSweeper({
      sweepChunk: () =>
        this.#transactions.run('sweep token families', ({ sweeps }, nowMs) => {
          const removed = sweeps.map((sweep) => Number(sweep.run(Math.trunc(nowMs)).changes))
          return Math.max(...removed) === sweepChunkSize
        }),
      intervalMs: sweepIntervalMs,
      random,
    })
  }
}

function live(statements: Statements, key: string, nowMs: number): KeptFamily | undefined {
  const row = statements.find.get(key)
  if (row === undefined || isOver(Number(row['idle_deadline_ms']), nowMs)) return undefined
  const mark = Number(row['mark'])
  if (mark < markOf(statements, familyTag(key)).value) return undefined
  return {
    text: String(row['text']),
    generation: Number(row['generation']),
    mark,
    advancedAtMs: Number(row['advanced_at_ms']),
    idleDeadlineMs: Number(row['idle_deadline_ms']),
    absoluteDeadlineMs: Number(row['absolute_deadline_ms']),
  }
}

function put(statements: Statements, key: string, family: KeptFamily): void {
  const { text, generation, mark, advancedAtMs, idleDeadlineMs, absoluteDeadlineMs } = family
  statements.put.run(key, text, generation, mark, advancedAtMs, idleDeadlineMs, absoluteDeadlineMs)
}

function retire(statements: Statements, key: string, revokedUntilMs: number): void {
  statements.remove.run(key)
  publish(statements, { kind: 'family', family: key, untilMs: wholeDeadlineMs(revokedUntilMs) })
}

function publish(statements: Statements, revocation: Revocation): Revocation {
  statements.publish.run(revocationText(revocation), revocation.untilMs)
  return revocation
}

function markOf(statements: Statements, tag: string): { readonly value: number; readonly untilMs: number } {
  const row = statements.findMark.get(tag)
  return { value: Number(row?.['mark'] ?? 0), untilMs: Number(row?.['until_ms'] ?? 0) }
}
