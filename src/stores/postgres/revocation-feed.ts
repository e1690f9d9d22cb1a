// Reads the feed of revocations in PostgreSQL, and listens for what is published.
import { livenessIntervalMs, mostRevocationsAtOnce, readRevocation } from '../revocations.ts'
import type { FeedPage } from '../revocations.ts'
import { Listener } from './listener.ts'
import type { OpenedPostgres } from './open-link.ts'
import type { Statement } from './statements.ts'

/**
 * A place in the feed, in transactions. One that began early may end late, so the next round begins with the oldest transaction that was
 * under way when this one began, and some revocations are told again.
 */
export interface FeedPlace {
  /** The transaction that the page begins with. */
  readonly page: bigint
  /** The one that the next round begins with; undefined at the beginning of a round. */
  readonly round: bigint | undefined
}

export interface RevocationFeedSettings extends OpenedPostgres {
  readonly statement: Statement
  /** Where it is told of what is published; undefined where it cannot listen. */
  readonly channel: string | undefined
  /** Something may have been published. */
  readonly onMore: () => void
}

const pollIntervalMs = 50

export class RevocationFeed {
  /** How often it is to be read without being told anything, in milliseconds. */
  readonly intervalMs: number
  readonly #settings: RevocationFeedSettings
  readonly #listener: Listener | undefined

  constructor(settings: RevocationFeedSettings) {
    const { channel, link, limits, random, onMore } = settings
    this.#settings = settings
    this.intervalMs = channel === undefined ? pollIntervalMs : livenessIntervalMs
    if (channel === undefined) return
    this.#listener = new Listener({
      channel,
      prologue: undefined,
      connect: () => link.checkOut(),
      limits,
      random,
      onTold: onMore,
      onUnsure: onMore,
    })
  }

  /** Listens until the returned function, and those of all others, were called. It is idempotent. */
  listen(): () => void {
    return this.#listener?.wish() ?? (() => undefined)
  }

  async read(place: FeedPlace = { page: 0n, round: undefined }): Promise<FeedPage<FeedPlace>> {
    const { link, statement, clock } = this.#settings
    const values = [String(place.page), Math.trunc(clock.now())]
    const { rows } = await link.run('follow the revocations', statement, values)
    const oldest = BigInt(rows[0]?.[0] ?? 0)
    // A database that was put back from a copy counts anew: told from its beginning.
    if (place.round === undefined && oldest < place.page) return this.read()
    const found = rows.filter(([, transaction]) => transaction !== null)
    const revocations = found.map(([, , text, untilMs]) => readRevocation(text ?? '', Number(untilMs)))
    const round = place.round ?? oldest
    const isMore = found.length === mostRevocationsAtOnce
    const last = BigInt(found.at(-1)?.[1] ?? 0)
    const next = isMore ? { page: last + 1n, round } : { page: round, round: undefined }
    return { revocations, next, isMore }
  }

  close(): void {
    this.#listener?.close()
  }
}
