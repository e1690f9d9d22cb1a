// One try of one request on one instance: how far it came, and what became of it.
import type { Roster, RosterEntry } from '../choosing/roster.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import type { AttemptListener, UpstreamConnection } from '../upstream/connection.ts'
import type { AttemptOutcome, AttemptRecord } from './record.ts'
import type { Progress } from './retry.ts'

/** The exchange, told by each of its attempts. */
export interface AttemptOwner {
  /** The instance takes the request: it is to be written now. */
  onAttemptReady(attempt: Attempt): void
  onAttemptDrain(attempt: Attempt): void
  onAttemptInformation(attempt: Attempt, head: ResponseHead): void
  onAttemptHead(attempt: Attempt, head: ResponseHead): void
  onAttemptData(attempt: Attempt, chunk: Buffer): void
  onAttemptQuiet(attempt: Attempt): void
  onAttemptEnd(attempt: Attempt, trailers: readonly string[]): void
  onAttemptUpgrade(attempt: Attempt, head: ResponseHead, rest: Buffer): void
  onAttemptDeath(attempt: Attempt, cause: Error): void
}

export class Attempt implements AttemptListener {
  readonly entry: RosterEntry
  readonly connection: UpstreamConnection
  readonly record: AttemptRecord
  readonly #owner: AttemptOwner
  /** When the head of the response came, where that is of interest to hedging; else 0. */
  respondedMs = 0
  /** Since when the instance is waited for, by `now`. */
  waitingSinceMs: number
  /** Informations (1xx) that it sent. */
  informations = 0

  constructor(owner: AttemptOwner, entry: RosterEntry, connection: UpstreamConnection, nowMs: number) {
    this.#owner = owner
    this.entry = entry
    this.connection = connection
    this.waitingSinceMs = nowMs
    this.record = {
      instance: entry.upstream.id,
      startedMs: nowMs,
      endedMs: 0,
      outcome: 'abandoned',
      progress: 'not-sent',
      why: '',
    }
  }

  get progress(): Progress {
    return this.record.progress
  }

  /** Notes the end, once; the connection is the caller's to keep or to abandon. */
  end(roster: Roster, outcome: AttemptOutcome, nowMs: number): void {
    const { record } = this
    record.endedMs = nowMs
    record.outcome = outcome
    const latencyMs = this.respondedMs === 0 ? undefined : this.respondedMs - record.startedMs
    roster.ended(this.entry, outcome, nowMs, latencyMs)
  }

  // AttemptListener

  onReady(): void {
    this.record.progress = 'sent'
    this.#owner.onAttemptReady(this)
  }

  onUpstreamDrain(): void {
    this.#owner.onAttemptDrain(this)
  }

  onInformation(head: ResponseHead): void {
    this.#owner.onAttemptInformation(this, head)
  }

  onHead(head: ResponseHead): void {
    this.record.progress = 'responded'
    this.#owner.onAttemptHead(this, head)
  }

  onData(chunk: Buffer): void {
    this.#owner.onAttemptData(this, chunk)
  }

  onQuiet(): void {
    this.#owner.onAttemptQuiet(this)
  }

  onEnd(trailers: readonly string[]): void {
    this.#owner.onAttemptEnd(this, trailers)
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    this.#owner.onAttemptUpgrade(this, head, rest)
  }

  onDeath(cause: Error): void {
    this.#owner.onAttemptDeath(this, cause)
  }
}
