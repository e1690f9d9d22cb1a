// The TokenStore port on PostgreSQL: each call is one statement, or one that had no effect and others that say why.
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
import { wholeDeadlineMs } from '../deadlines.ts'
import { readRevocation, RevocationTails } from '../revocations.ts'
import { shownFamily, turnFamily } from '../token-family.ts'
import type { KeptFamily } from '../token-family.ts'
import type { PostgresPool, Value } from './client.ts'
import { sweepChunkSize } from './defaults.ts'
import { openLink } from './open-link.ts'
import type { OpenedPostgres, PlainPostgresOptions } from './open-link.ts'
import { insist } from './plain-link.ts'
import { RevocationFeed } from './revocation-feed.ts'
import type { FeedPlace } from './revocation-feed.ts'
import { startSweeper } from './sweeper.ts'
import { tokenSteps, tokenStatements, tokenTables } from './token-statements.ts'
import type { TokenStatementName, TokenStatements } from './token-statements.ts'

export interface PostgresTokenOptions extends PlainPostgresOptions {
  /**
   * Whether one connection more is kept for LISTEN while revocations are followed, so that they are told within milliseconds. `false`
   * behind a pooler in transaction mode, where it would hear nothing: they are then looked for 20 times a second. Default: as `prepare`.
   */
  readonly listen?: boolean
}

/**
 * Key rings, token families and revocations in tables `drover_token_…` of a PostgreSQL database (13 or newer), reached as
 * `postgresSessionStore` takes it: by a URL or through a `Pool` of the `pg` package. What is over is swept now and then.
 */
export function postgresTokenStore(
  urlOrPool: string | PostgresPool,
  options: PostgresTokenOptions = {},
): TokenStore {
  const { prepare = true, listen = prepare, ...others } = options
  const tables = tokenTables(others.schema)
  const part = { name: 'token', steps: tokenSteps(tables) }
  const opened = openLink(urlOrPool, { ...others, prepare }, part)
  return new PostgresTokenStore(opened, tokenStatements(tables), listen ? tables.channel : undefined)
}

class PostgresTokenStore implements TokenStore {
  readonly #postgres: OpenedPostgres
  readonly #statements: TokenStatements
  readonly #tails = new RevocationTails()
  readonly #feed: RevocationFeed
  #stopSweeping: (() => void) | undefined
  #isClosed = false

  constructor(postgres: OpenedPostgres, statements: TokenStatements, channel: string | undefined) {
    this.#postgres = postgres
    this.#statements = statements
    this.#feed = new RevocationFeed({
      ...postgres,
      statement: statements.feed,
      channel,
      onMore: () => {
        this.#tails.wake()
      },
    })
  }

  async loadKeys(ring: string): Promise<KeyRingRecord | undefined> {
    const { rows } = await this.#run('load the key ring', 'loadRing', [ring])
    const [version, text] = rows[0] ?? []
    return typeof text === 'string' ? { version: Number(version), text } : undefined
  }

  async saveKeys(ring: string, version: number, text: string): Promise<boolean> {
    const name = version === 0 ? 'createRing' : 'replaceRing'
    const values = version === 0 ? [ring, text] : [ring, version, text]
    return (await this.#run('save the key ring', name, values)).rowCount === 1
  }

  async createFamily(
    key: string,
    { text, idleDeadlineMs, absoluteDeadlineMs }: TokenFamily,
  ): Promise<number> {
    const deadlines = [wholeDeadlineMs(idleDeadlineMs), wholeDeadlineMs(absoluteDeadlineMs)]
    const values = [key, familyTag(key), text, this.#now(), ...deadlines]
    const { rows } = await this.#run('begin a token family', 'create', values)
    return Number(rows[0]?.[0])
  }

  async loadFamily(key: string): Promise<LiveFamily | undefined> {
    const kept = await this.#find('load the token family', key)
    return kept && shownFamily(kept)
  }

  advanceFamily(key: string, turn: FamilyTurn): Promise<TurnOutcome> {
    const doing = 'advance the token family'
    return insist(doing, async () => {
      const nowMs = this.#now()
      const given = [key, familyTag(key), nowMs, turn.generation, wholeDeadlineMs(turn.idleDeadlineMs)]
      const advanced = (await this.#run(doing, 'advance', given)).rows[0]
      if (advanced !== undefined) return { status: 'advanced', family: familyOf(advanced) }
      const kept = await this.#find(doing, key)
      if (kept === undefined) return { status: 'gone' }
      const { outcome, next } = turnFamily(kept, turn, nowMs)
      // It could advance by now: asked again.
      if (next !== undefined) return undefined
      if (outcome.status === 'repeated') return outcome
      const values = [key, kept.generation, wholeDeadlineMs(turn.revokedUntilMs)]
      // Another turn was first.
      return (await this.#run(doing, 'endReplayed', values)).rows.length === 1 ? outcome : undefined
    })
  }

  async endFamily(key: string, revokedUntilMs: number): Promise<void> {
    await this.#run('end the token family', 'end', [key, wholeDeadlineMs(revokedUntilMs)])
  }

  async endFamilies(tag: string, revokedUntilMs: number, exceptKey?: string): Promise<Revocation> {
    const spared = exceptKey !== undefined && familyTag(exceptKey) === tag ? exceptKey : ''
    const untilMs = wholeDeadlineMs(revokedUntilMs)
    const { rows } = await this.#run('end the token families', 'endAll', [tag, this.#now(), untilMs, spared])
    return readRevocation(String(rows[0]?.[0]), untilMs)
  }

  follow(follower: RevocationFollower): () => void {
    if (this.#isClosed) return () => undefined
    const unlisten = this.#feed.listen()
    const stop = this.#tails.start({
      read: (place: FeedPlace | undefined) => this.#feed.read(place),
      follower,
      clock: this.#postgres.clock,
      intervalMs: this.#feed.intervalMs,
    })
    return () => {
      stop()
      unlisten()
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#stopSweeping?.()
    this.#tails.close()
    this.#feed.close()
    return this.#postgres.link.close()
  }

  #now(): number {
    return Math.trunc(this.#postgres.clock.now())
  }

  async #find(doing: string, key: string): Promise<KeptFamily | undefined> {
    const { rows } = await this.#run(doing, 'find', [key, familyTag(key), this.#now()])
    return rows[0] && keptOf(rows[0])
  }

  #run(doing: string, name: TokenStatementName, values: readonly Value[]) {
    this.#startSweeping()
    return this.#postgres.link.run(doing, this.#statements[name], values)
  }

  #startSweeping(): void {
    if (this.#isClosed) return
    const { random, limits, link } = this.#postgres
    this.#stopSweeping ??= startSweeper({
      sweepChunk: async () => {
        let isMore = false
        for (const sweep of this.#statements.sweeps) {
          const { rowCount } = await link.run('sweep token families', sweep, [this.#now()])
          isMore ||= rowCount === sweepChunkSize
        }
        return isMore
      },
      intervalMs: limits.sweepIntervalMs,
      random,
    })
  }
}

type Row = readonly (string | null)[]

function familyOf([text, generation, mark, idleDeadlineMs, absoluteDeadlineMs]: Row): LiveFamily {
  return {
    text: text ?? '',
    generation: Number(generation),
    mark: Number(mark),
    idleDeadlineMs: Number(idleDeadlineMs),
    absoluteDeadlineMs: Number(absoluteDeadlineMs),
  }
}

function keptOf(row: Row): KeptFamily {
  return { ...familyOf(row), advancedAtMs: Number(row[5]) }
}
