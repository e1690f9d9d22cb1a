// What is left of an exchange that became a WebSocket: two joined sockets and what they count for. All that served the
// request is let go, for a WebSocket may stay for hours.
import { Tunnel, type TunnelOptions } from '../websocket/tunnel.ts'
import type { Attempt } from './attempt.ts'
import type { ActiveExchange, ExchangeContext } from './context.ts'
import type { AttemptRecord, ExchangeRecord } from './record.ts'
import type { RosterEntry } from '../choosing/roster.ts'

export class TunnelledExchange implements ActiveExchange {
  position = 0
  readonly #context: ExchangeContext
  readonly #entry: RosterEntry
  readonly #attempt: AttemptRecord
  readonly #record: ExchangeRecord
  readonly #tunnel: Tunnel

  constructor(
    context: ExchangeContext,
    attempt: Attempt,
    record: ExchangeRecord,
    tunnel: Omit<TunnelOptions, 'onClose'>,
  ) {
    this.#context = context
    this.#entry = attempt.entry
    this.#attempt = attempt.record
    this.#record = record
    this.#tunnel = new Tunnel({
      ...tunnel,
      onClose: () => {
        this.#finish()
      },
    })
  }

  /** Bytes pass from here on, those first that each side had sent along with the handshake. */
  begin(fromClient: Buffer, fromInstance: Buffer): void {
    this.#context.active.add(this)
    this.#context.counts.tunnels++
    this.#tunnel.open(fromClient, fromInstance)
    if (this.#context.draining || !this.#entry.live) this.#tunnel.goAway()
  }

  get streamsFrom(): RosterEntry {
    return this.#entry
  }

  get isLeaving(): boolean {
    return this.#tunnel.isLeaving
  }

  goAway(delayMs: number): void {
    this.#tunnel.drain(delayMs)
  }

  cut(): void {
    this.#tunnel.cut()
  }

  /** Its sockets look after themselves. */
  checkTime(): void {
    return undefined
  }

  #finish(): void {
    const { active, counts, now, observe, roster } = this.#context
    const nowMs = now()
    counts.tunnels--
    counts.requests++
    active.remove(this)
    this.#attempt.endedMs = nowMs
    this.#attempt.outcome = 'answered'
    roster.ended(this.#entry, 'answered', nowMs)
    this.#record.endedMs = nowMs
    this.#record.end = 'tunnelled'
    observe(this.#record)
  }
}
