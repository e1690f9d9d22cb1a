// One client request on its way through as many attempts as rule R1 allows.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientListener, ClientStream } from '../client/client-stream.ts'
import { instanceHeader } from '../../base/wire.ts'
import { isAttempting, move, type ExchangeState } from './lifecycle.ts'
import { HeldResponse } from './held-response.ts'
import type { BalancerLimits } from '../limits.ts'
import type { Parking, Parked } from '../choosing/parking.ts'
import { RequestBody } from './request-body.ts'
import { writeRequestHead } from '../upstream/request-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import { decideRetry, isRepeatable } from './retry.ts'
import type { Roster, RosterEntry } from '../choosing/roster.ts'
import type { AttemptListener, UpstreamConnection } from '../upstream/connection.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { joinSockets } from '../websocket/tunnel.ts'

/** What every exchange of a worker shares. */
export interface ExchangeContext {
  readonly limits: BalancerLimits
  readonly reveal: boolean
  readonly trustForwarded: boolean
  readonly roster: Roster
  readonly pool: UpstreamPool
  readonly parking: Parking
  readonly active: Set<Exchange>
  /** Monotonic milliseconds, never 0. */
  readonly now: () => number
}

const none: readonly string[] = []

export class Exchange implements AttemptListener, ClientListener, Parked {
  readonly #context: ExchangeContext
  readonly #stream: ClientStream
  readonly #body: RequestBody
  readonly #held: HeldResponse
  readonly #tried = new Set<RosterEntry>()
  #state: ExchangeState = 'new'
  #attempts = 0
  /** The attempt under way. */
  #entry: RosterEntry | undefined
  #connection: UpstreamConnection | undefined
  /** Where a fresh connection may go though the instance was tried. */
  #revisit: RosterEntry | undefined
  #waitingSinceMs = 0
  #closing = false
  #tunnelled: Socket | undefined

  constructor(context: ExchangeContext, stream: ClientStream) {
    this.#context = context
    this.#stream = stream
    this.#body = new RequestBody(stream, context.limits.replayBytes)
    this.#held = new HeldResponse(stream, context.limits, () => {
      this.#move('passed')
    })
    stream.listener = this
  }

  begin(): void {
    this.#context.active.add(this)
    this.#attemptOrPark()
  }

  /** Answers with an error of the balancer's own. */
  refuse(status: number, why: string): void {
    const body = Buffer.from(`${status} ${why}\n`)
    const rawHeaders = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
    rawHeaders.push('Cache-Control', 'no-store')
    if (status === 503) rawHeaders.push('Retry-After', '1')
    this.#stream.respond({ status, reason: STATUS_CODES[status] ?? '', rawHeaders, keepAlive: true }, [])
    this.#stream.write(body)
    this.#stream.end([])
    this.#finish()
  }

  /** The client's connection ends with this exchange. */
  closeAfter(): void {
    this.#closing = true
    if (this.#tunnelled !== undefined) this.#tunnelled.destroySoon()
  }

  /** Resets the client's stream, so that what it has is not taken for the whole. */
  cut(): void {
    if (this.#tunnelled !== undefined) this.#tunnelled.resetAndDestroy()
    else this.#stream.reset()
    this.onLeave()
  }

  /** Called every second: an instance that does not answer in time ends the attempt, not the client's patience. */
  checkTime(): void {
    if (this.#state !== 'sent') return
    const now = this.#context.now()
    if (!this.#body.sent) this.#waitingSinceMs = now
    if (now - this.#waitingSinceMs < this.#context.limits.responseTimeoutMs) return
    this.#endAttempt()?.abandon()
    this.refuse(504, 'the instance did not answer in time')
  }

  // ClientListener

  onBody(chunk: Buffer): void {
    this.#body.onBody(chunk)
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#body.onBodyEnd(trailers)
  }

  /** The client's side is over before its answer is. */
  onLeave(): void {
    if (this.#state === 'over') return
    this.#context.parking.leave(this)
    this.#held.discard()
    this.#endAttempt()?.abandon()
    this.#finish()
  }

  // Parked

  retry(): boolean {
    return this.#state !== 'parked' || this.#attempt()
  }

  expire(): void {
    this.refuse(503, 'no instance is ready')
  }

  // AttemptListener

  onReady(connection: UpstreamConnection): void {
    this.#move('sent')
    this.#attempts++
    this.#waitingSinceMs = this.#context.now()
    if (this.#body.exists) connection.gather()
    connection.write(
      writeRequestHead({
        method: this.#method,
        target: this.#stream.head.target,
        rawHeaders: this.#stream.head.rawHeaders,
        remoteAddress: this.#stream.client.remoteAddress,
        encrypted: this.#stream.client.encrypted,
        upgrade: this.#stream.head.upgrade,
        trustForwarded: this.#context.trustForwarded,
      }),
    )
    this.#body.sendTo(connection)
  }

  onUpstreamDrain(): void {
    this.#body.resume()
  }

  onDrain(): void {
    this.#connection?.resume()
  }

  onInformation(head: ResponseHead): void {
    this.#waitingSinceMs = this.#context.now()
    this.#stream.inform(head)
  }

  onHead(head: ResponseHead): void {
    this.#move('responded')
    if (this.#entry !== undefined) this.#entry.requests++
    this.#held.begin(head, this.#extraFields)
  }

  onData(chunk: Buffer): void {
    if (!this.#held.write(chunk)) this.#connection?.pause()
  }

  onQuiet(): void {
    this.#held.quiet()
  }

  onEnd(trailers: readonly string[]): void {
    const connection = this.#endAttempt()
    // A request still being sent leaves the connection in the middle of a message.
    if (this.#body.sent) connection?.resume()
    else connection?.abandon()
    this.#held.end(trailers)
    this.#finish()
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    const connection = this.#connection
    if (!this.#stream.head.upgrade || connection === undefined) return
    this.#move('tunnelled')
    if (this.#entry !== undefined) this.#entry.requests++
    const client = this.#stream.upgrade(head, this.#extraFields)
    this.#tunnelled = client.socket
    const upstream = connection.release()
    upstream.write(client.rest)
    client.socket.write(rest)
    joinSockets(client.socket, upstream, this.#context.limits.stallMs, () => {
      this.onLeave()
    })
    if (this.#closing) client.socket.destroySoon()
  }

  onDeath(cause: Error): void {
    const { limits } = this.#context
    const progress = this.#state
    if (!isAttempting(progress)) return
    const entry = this.#entry
    const reused = this.#connection?.reused ?? false
    this.#endAttempt()
    this.#held.discard()
    const bodyReplayable = this.#body.replayable
    const verdict = decideRetry({ progress, method: this.#method, bodyReplayable, keyEnforced: false })
    if (verdict === 'reset') {
      this.cut()
      return
    }
    if (entry !== undefined) this.#tried.add(entry)
    // The end of a connection that had been idle says little about the instance: where no other is left, a fresh
    // connection may go there again.
    this.#revisit = reused && progress !== 'responded' ? entry : undefined
    if (verdict === 'repeat' && this.#attempts < limits.attempts) this.#attemptOrPark()
    else this.refuse(502, `the instance failed: ${cause.message}`)
  }

  get #method(): string {
    return this.#stream.head.method
  }

  get #extraFields(): readonly string[] {
    const id = this.#entry?.upstream.id
    return this.#context.reveal && id !== undefined ? [instanceHeader, id] : none
  }

  #move(to: ExchangeState): void {
    this.#state = move(this.#state, to)
  }

  #attemptOrPark(): void {
    if (this.#attempt()) return
    this.#move('parked')
    if (!this.#context.parking.park(this)) this.refuse(503, 'too many requests wait for an instance')
  }

  /** Starts the next attempt; false when there is no instance for it. */
  #attempt(): boolean {
    const { roster, pool } = this.#context
    const entry = roster.pick(this.#tried) ?? this.#takeRevisit()
    if (entry === undefined) return false
    this.#move('not-sent')
    this.#entry = entry
    entry.inFlight++
    const connection = pool.take(entry.upstream, this.#maxIdleMs)
    this.#connection = connection
    connection.begin(this, this.#method, this.#stream.head.upgrade)
    return true
  }

  /** How long a connection may have been idle to be trusted with this attempt; a fresh one is always trusted. */
  get #maxIdleMs(): number {
    const { limits } = this.#context
    if (this.#tried.size > 0 || this.#stream.head.upgrade) return -1
    return isRepeatable(this.#method) ? limits.upstreamIdleMs : limits.justUsedMs
  }

  #takeRevisit(): RosterEntry | undefined {
    const entry = this.#revisit
    this.#revisit = undefined
    return entry !== undefined && this.#context.roster.has(entry) ? entry : undefined
  }

  #endAttempt(): UpstreamConnection | undefined {
    const connection = this.#connection
    if (this.#entry !== undefined) this.#entry.inFlight--
    this.#entry = undefined
    this.#connection = undefined
    this.#body.detach()
    return connection
  }

  #finish(): void {
    this.#move('over')
    this.#context.active.delete(this)
    if (!this.#body.sent) this.#body.discard()
  }
}
