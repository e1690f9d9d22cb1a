// How stores keep revocations at rest, and how they tell followers of them: alike for all backends.
import type { Clock } from '../base/clock.ts'
import type { Revocation, RevocationFollower } from '../tokens/token-store.ts'
import { isOver } from './deadlines.ts'

/** Revocations read and told at once. */
export const mostRevocationsAtOnce = 1_000

/** Where a backend tells of what is published, its feed is read this often beside that, to know whether it is alive. */
export const livenessIntervalMs = 500

/** One revocation but for its end: `family <key>`, or `principal <tag> <mark>`, perhaps with the key that is spared. */
export function revocationText(revocation: Revocation): string {
  if (revocation.kind === 'family') return `family ${revocation.family}`
  const { tag, mark, except } = revocation
  return except === undefined ? `principal ${tag} ${mark}` : `principal ${tag} ${mark} ${except}`
}

/** Reads what `revocationText`, or the like of it in SQL or Lua, wrote. Throws for anything else. */
export function readRevocation(text: string, untilMs: number): Revocation {
  const [kind, subject, mark, except] = text.split(' ')
  if (kind === 'family' && subject !== undefined) return { kind, family: subject, untilMs }
  if (kind === 'principal' && subject !== undefined && Number.isInteger(Number(mark ?? ''))) {
    const given = { kind, tag: subject, mark: Number(mark), untilMs } as const
    return except === undefined ? given : { ...given, except }
  }
  throw new Error('a revocation in the feed is malformed')
}

/** What was published since a place in the feed. */
export interface FeedPage<Place> {
  readonly revocations: readonly Revocation[]
  /** Where the next page begins. */
  readonly next: Place
  /** There may be more already. */
  readonly isMore: boolean
}

export interface RevocationTailSettings<Place> {
  /** The page after a place; undefined is the beginning. What is told again does no harm. Rejects when the backend does not answer. */
  readonly read: (place: Place | undefined) => Promise<FeedPage<Place>>
  readonly follower: RevocationFollower
  readonly clock: Clock
  /** How often it is read without being woken. It bounds when a cut is noticed too. */
  readonly intervalMs: number
}

/**
 * Reads a feed to its end, and again whenever it is woken or some time has passed. Its timer keeps no process alive.
 *
 *   reading ──end──▶ resting ──wake, or interval──▶ reading      (woken while reading: once more at the end)
 *      └─failed─▶ resting, and the follower knows of the cut
 */
class RevocationTail<Place> {
  readonly #settings: RevocationTailSettings<Place>
  readonly #timer: NodeJS.Timeout
  #place: Place | undefined
  #isReading = false
  #wasWoken = false
  #isCut = false
  #isStopped = false

  constructor(settings: RevocationTailSettings<Place>) {
    this.#settings = settings
    this.#timer = setInterval(() => this.wake(), settings.intervalMs).unref()
    this.wake()
  }

  /** Something may have been published. */
  wake(): void {
    this.#wasWoken = true
    if (!this.#isReading && !this.#isStopped) void this.#readAll()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    const { clock, follower } = this.#settings
    try {
      while (this.#wasWoken && !this.#isStopped) {
        this.#wasWoken = false
        const asOfMs = clock.now()
        while (await this.#readPage());
        if (this.#isStopped) return
        this.#isCut = false
        follower.onCurrent(asOfMs)
      }
    } catch (error) {
      if (!this.#isCut && !this.#isStopped) follower.onCut(error)
      this.#isCut = true
    } finally {
      this.#isReading = false
    }
  }

  /** Whether there may be more. */
  async #readPage(): Promise<boolean> {
    const { read, clock, follower } = this.#settings
    const page = await read(this.#place)
    if (this.#isStopped) return false
    this.#place = page.next
    const nowMs = clock.now()
    const alive = page.revocations.filter(({ untilMs }) => !isOver(untilMs, nowMs))
    if (alive.length > 0) follower.onRevoked(alive)
    return page.isMore
  }
}

/** The tails of one store, which end with it. */
export class RevocationTails {
  readonly #tails = new Set<{ wake(): void; stop(): void }>()
  #isClosed = false

  /** Follows until the returned function is called, which is idempotent. */
  start<Place>(settings: RevocationTailSettings<Place>): () => void {
    if (this.#isClosed) return () => undefined
    const tail = new RevocationTail(settings)
    this.#tails.add(tail)
    return () => {
      tail.stop()
      this.#tails.delete(tail)
    }
  }

  wake(): void {
    for (const tail of this.#tails) tail.wake()
  }

  close(): void {
    this.#isClosed = true
    for (const tail of this.#tails) tail.stop()
    this.#tails.clear()
  }
}
