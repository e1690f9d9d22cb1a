// Sign-ins whose data is elsewhere, such as in a cookie: families without tokens, ended by the same feed.
import type { Clock } from '../base/clock.ts'
import { readWhenCut } from './options.ts'
import type { CutRule, FeedPolicy, WhenCut } from './options.ts'
import { Revocations } from './revocations.ts'
import { isRevoked } from './revoked.ts'
import type { TokenStore } from './token-store.ts'

export interface FamilySignInsSettings {
  readonly store: TokenStore
  readonly feed: FeedPolicy
  readonly clock: Clock
  /** Told of a feed that is cut. */
  readonly report: (error: unknown) => void
}

/** Keys are those of families. Whatever asks the store rejects with STORE_UNAVAILABLE. */
export class FamilySignIns {
  readonly #store: TokenStore
  readonly #known: Revocations
  readonly #rule: CutRule
  readonly #clock: Clock

  /** Follows the feed from now on. */
  constructor({ store, feed, clock, report }: FamilySignInsSettings) {
    this.#store = store
    this.#known = new Revocations({ store, clock, report, ...feed })
    this.#rule = feed.whenCut
    this.#clock = clock
  }

  /** Begins one, and gives its principal's mark. Whoever holds it knows its idle time; the store does not. */
  begin(key: string, absoluteDeadlineMs: number): Promise<number> {
    return this.#store.createFamily(key, {
      text: '{}',
      idleDeadlineMs: absoluteDeadlineMs,
      absoluteDeadlineMs,
    })
  }

  /** `whenCut` is the request's own, if it has one. Throws OPTION_INVALID for what is none. */
  isEnded(key: string, mark: number, whenCut?: WhenCut): boolean | Promise<boolean> {
    const rule = whenCut === undefined ? this.#rule : readWhenCut(whenCut)
    return isRevoked({ known: this.#known, store: this.#store }, { key, mark }, rule, this.#clock.now())
  }

  async end(key: string, untilMs: number): Promise<void> {
    await this.#store.endFamily(key, untilMs)
    this.#known.remember({ kind: 'family', family: key, untilMs })
  }

  async endAll(tag: string, untilMs: number, exceptKey?: string): Promise<void> {
    this.#known.remember(await this.#store.endFamilies(tag, untilMs, exceptKey))
  }

  /** Follows no more, and releases the store. Idempotent. */
  async close(): Promise<void> {
    this.#known.close()
    await this.#store.close()
  }
}
