// What was revoked, in this instance's memory, as the store's feed tells it; so that a token is checked without asking anybody.
import type { Clock } from '../base/clock.ts'
import { DeadlineTable, tableKey } from './deadline-table.ts'
import { tellFeed } from './events.ts'
import type { Revocation, TokenStore } from './token-store.ts'

export interface RevocationsSettings {
  readonly store: Pick<TokenStore, 'follow'>
  readonly clock: Clock
  /** A feed that is further behind counts as cut. */
  readonly longestLagMs: number
  /** So many are remembered. */
  readonly mostRevocations: number
  readonly report: (error: unknown) => void
}

/** What a family's key has before its random part. */
const randomAt = 17

/** How well this instance knows what was revoked. */
export interface FeedState {
  /** Whether its word is enough. */
  readonly isCurrent: boolean
  /** All that was revoked before is known; -Infinity before the first replay is complete. */
  readonly asOfMs: number
  /** How many revocations are remembered. */
  readonly size: number
  /** Memory that they take, in bytes. */
  readonly bytes: number
}

export class Revocations {
  readonly #settings: RevocationsSettings
  readonly #families: DeadlineTable
  readonly #principals: DeadlineTable
  /** Families that were spared, and the mark of the revocation that did so: it counts while it is the principal's latest. */
  readonly #spared: DeadlineTable
  readonly #stop: () => void
  #asOfMs = -Infinity
  #isCut = false
  /** Until then something is revoked that did not fit. */
  #lostUntilMs = -Infinity
  #onReady: (() => void)[] = []

  /** Follows the feed from now on. */
  constructor(settings: RevocationsSettings) {
    this.#settings = settings
    this.#families = new DeadlineTable(settings.mostRevocations)
    this.#principals = new DeadlineTable(settings.mostRevocations)
    this.#spared = new DeadlineTable(settings.mostRevocations)
    this.#stop = settings.store.follow({
      onRevoked: (revocations) => {
        for (const revocation of revocations) this.remember(revocation)
      },
      onCurrent: (asOfMs) => {
        this.#current(asOfMs)
      },
      onCut: (error) => {
        this.#cut(error)
      },
    })
  }

  /** Whether tokens of this family, of a sign-in under this mark, are known to be revoked. */
  has(family: string, mark: number, nowMs: number = this.#settings.clock.now()): boolean {
    const nowS = Math.floor(nowMs / 1_000)
    const key = tableKey(family, randomAt)
    if (this.#families.get(key, nowS) !== undefined) return true
    const least = this.#principals.get(tableKey(family, 0), nowS)
    return least !== undefined && mark < least && this.#spared.get(key, nowS) !== least
  }

  /** Whether its word is enough. */
  isCurrent(nowMs: number): boolean {
    const isLate = nowMs - this.#asOfMs > this.#settings.longestLagMs
    return !this.#isCut && !isLate && nowMs >= this.#lostUntilMs
  }

  /** All that was revoked before is known. */
  get asOfMs(): number {
    return this.#asOfMs
  }

  get state(): FeedState {
    return {
      isCurrent: this.isCurrent(this.#settings.clock.now()),
      asOfMs: this.#asOfMs,
      size: this.#families.size + this.#principals.size,
      bytes: this.#families.bytes + this.#principals.bytes + this.#spared.bytes,
    }
  }

  /** Resolves once all that was revoked before is known. */
  ready(): Promise<void> {
    if (this.#asOfMs !== -Infinity) return Promise.resolve()
    return new Promise((resolve) => this.#onReady.push(resolve))
  }

  /** Also for who revokes himself: he need not wait for the feed. */
  remember(revocation: Revocation): void {
    const nowMs = this.#settings.clock.now()
    const { untilMs } = revocation
    if (untilMs <= nowMs) return
    // Rounded up: it must not be forgotten early.
    const [untilS, nowS] = [Math.ceil(untilMs / 1_000), Math.floor(nowMs / 1_000)]
    const isKept =
      revocation.kind === 'family'
        ? this.#families.set(tableKey(revocation.family, randomAt), untilS, 1, nowS)
        : this.#rememberPrincipal(revocation, untilS, nowS)
    if (isKept) return
    if (this.#lostUntilMs <= nowMs) tellFeed('full', untilMs)
    this.#lostUntilMs = Math.max(this.#lostUntilMs, untilMs)
  }

  /** Follows no more. */
  close(): void {
    this.#stop()
  }

  #rememberPrincipal(
    { tag, mark, except }: Revocation & { readonly kind: 'principal' },
    untilS: number,
    nowS: number,
  ): boolean {
    // First, and both or none: whoever is spared must not be taken for revoked.
    const isSpared = except === undefined || this.#spared.set(tableKey(except, randomAt), untilS, mark, nowS)
    return isSpared && this.#principals.set(tableKey(tag, 0), untilS, mark, nowS)
  }

  #current(asOfMs: number): void {
    if (this.#isCut) tellFeed('current', asOfMs)
    this.#isCut = false
    this.#asOfMs = Math.max(this.#asOfMs, asOfMs)
    this.#sweep()
    for (const onReady of this.#onReady.splice(0)) onReady()
  }

  /** A part each time that the feed is heard of: once a second at least, so all of them within a minute or so. */
  #sweep(): void {
    const nowS = Math.floor(this.#settings.clock.now() / 1_000)
    this.#families.sweepNext(nowS)
    this.#principals.sweepNext(nowS)
    this.#spared.sweepNext(nowS)
  }

  #cut(error: unknown): void {
    if (!this.#isCut) tellFeed('cut', this.#asOfMs)
    this.#isCut = true
    this.#settings.report(error)
  }
}
