// The attempts of one request: which instance is asked next, and who else is asked when it is slow. None is asked twice, but
// for one whose idle connection had ended, which a fresh one may still reach.
import type { RosterEntry } from '../choosing/roster.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { ExchangeContext } from './context.ts'
import type { AttemptOutcome, ExchangeRecord } from './record.ts'

/** What decides where a request may go. */
export interface AttemptNeeds {
  readonly method: string
  /** Rule R1 lets it be sent again after it may have taken effect. */
  readonly repeatable: boolean
  readonly upgrade: boolean
}

const nobody: ReadonlySet<RosterEntry> = new Set()

export class Attempts {
  readonly #owner: AttemptOwner
  readonly #context: ExchangeContext
  readonly #needs: AttemptNeeds
  readonly #record: ExchangeRecord
  /** The attempt under way: with a hedge, the first of the two until one of them answers. */
  current: Attempt | undefined
  #hedge: Attempt | undefined
  /** Instances that were asked. */
  #tried: Set<RosterEntry> | undefined
  /** Where a fresh connection may go though the instance was tried. */
  #revisits: RosterEntry[] | undefined

  constructor(owner: AttemptOwner, context: ExchangeContext, needs: AttemptNeeds, record: ExchangeRecord) {
    this.#owner = owner
    this.#context = context
    this.#needs = needs
    this.#record = record
  }

  /** Those under way. */
  all(): Attempt[] {
    return [this.current, this.#hedge].filter((attempt) => attempt !== undefined)
  }

  /** How many handed a byte to an instance. */
  get sent(): number {
    return this.#record.attempts.filter(({ progress }) => progress !== 'not-sent').length
  }

  has(attempt: Attempt): boolean {
    return attempt === this.current || attempt === this.#hedge
  }

  /** Picks an instance for the next attempt, or answers why there is none. */
  pick(nowMs: number): RosterEntry | 'none' | 'full' {
    const picked = this.#pickUntried(nowMs)
    if (picked !== 'none' || this.#revisits === undefined) return picked
    const { roster } = this.#context
    const revisit = this.#revisits.find((entry) => roster.has(entry))
    this.#revisits = this.#revisits.filter((entry) => entry !== revisit)
    return revisit ?? picked
  }

  /** Begins an attempt on the instance just picked. */
  begin(entry: RosterEntry, nowMs: number): void {
    if (this.#record.attempts.length > 0) this.#context.counts.retried++
    const attempt = this.#create(entry, this.#maxIdleMs, nowMs)
    this.current = attempt
    attempt.connection.begin(attempt, this.#needs.method, this.#needs.upgrade)
  }

  /** Asks a second instance too, when the first has not answered and the budget for it allows. */
  hedge(nowMs: number): void {
    const { hedging, roster } = this.#context
    const first = this.current
    if (first === undefined || first.progress === 'responded') return
    const picked = roster.pick(new Set([...(this.#tried ?? nobody), first.entry]), nowMs)
    if (typeof picked === 'string' || !hedging.spend()) return
    const attempt = this.#create(picked, -1, nowMs)
    this.#hedge = attempt
    attempt.connection.begin(attempt, this.#needs.method, false)
  }

  /** The first to answer stays, the other is let go. */
  win(attempt: Attempt, nowMs: number): void {
    if (this.#hedge === undefined) return
    const loser = attempt === this.current ? this.#hedge : this.current
    if (loser === undefined) return
    this.end(loser, 'hedged-away', '', nowMs)
    loser.connection.abandon()
  }

  /** Takes the attempt off: what it says from now on is nobody's. */
  end(attempt: Attempt, outcome: AttemptOutcome, why: string, nowMs: number): void {
    if (attempt === this.current) this.current = this.#hedge
    this.#hedge = undefined
    attempt.end(this.#context.roster, outcome, nowMs)
    attempt.record.why = why
  }

  /** It ended without an answer: the instance is not asked again. */
  fail(attempt: Attempt, outcome: AttemptOutcome, why: string, nowMs: number): void {
    this.end(attempt, outcome, why, nowMs)
    this.#tried ??= new Set()
    this.#tried.add(attempt.entry)
  }

  /** The end of a connection that had been idle says little about its instance: where no other is left, it is asked again. */
  revisit(entry: RosterEntry): void {
    this.#revisits ??= []
    this.#revisits.push(entry)
  }

  #pickUntried(nowMs: number): RosterEntry | 'none' | 'full' {
    const { roster } = this.#context
    const tried = this.#tried
    if (tried === undefined) return roster.pick(nobody, nowMs, this.#needs.repeatable)
    for (;;) {
      const picked = roster.pick(tried, nowMs, this.#needs.repeatable)
      if (typeof picked === 'string' || !isAmong(picked, tried)) return picked
      // One that left the list and came back is no other instance.
      tried.add(picked)
    }
  }

  #create(entry: RosterEntry, maxIdleMs: number, nowMs: number): Attempt {
    const { pool, roster } = this.#context
    roster.started(entry, nowMs)
    const attempt = new Attempt(this.#owner, entry, pool.take(entry.upstream, maxIdleMs, nowMs), nowMs)
    this.#record.attempts.push(attempt.record)
    return attempt
  }

  /** How long a connection may have been idle to be trusted with this attempt; a fresh one is always trusted. */
  get #maxIdleMs(): number {
    const { limits } = this.#context.settings
    if (this.#tried !== undefined || this.#needs.upgrade) return -1
    return this.#needs.repeatable ? limits.upstreamIdleMs : limits.justUsedMs
  }
}

function isAmong(entry: RosterEntry, tried: ReadonlySet<RosterEntry>): boolean {
  const { id, epoch } = entry.upstream
  for (const other of tried) if (other.upstream.id === id && other.upstream.epoch === epoch) return true
  return false
}
