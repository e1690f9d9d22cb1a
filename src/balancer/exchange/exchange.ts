// One client request on its way through as many attempts as rule R1 allows.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isAttempting, move, type ExchangeState } from './lifecycle.ts'
import { HeldResponse } from './held-response.ts'
import type { BalancerLimits } from '../limits.ts'
import type { Parking, Parked } from '../choosing/parking.ts'
import { RequestBody } from './request-body.ts'
import { writeRequestHead } from '../upstream/request-head.ts'
import { writeInformationHead, writeUpgradeHead } from '../client/response-head.ts'
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

/** How the client asked: `continue` waits for a 100 before it sends its body; an upgrade brings its raw socket. */
export type ExchangeKind =
  | { readonly type: 'plain' }
  | { readonly type: 'continue' }
  | { readonly type: 'upgrade'; readonly socket: Socket; readonly rest: Buffer }

export class Exchange implements AttemptListener, Parked {
  readonly #context: ExchangeContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #kind: ExchangeKind
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
  #continued = false
  #closing = false

  constructor(
    context: ExchangeContext,
    request: IncomingMessage,
    response: ServerResponse,
    kind: ExchangeKind,
  ) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.#kind = kind
    this.#body = new RequestBody(request, context.limits.replayBytes)
    this.#held = new HeldResponse(response, context.limits, () => {
      this.#move('passed')
    })
  }

  /** The client's connection. */
  get socket(): Socket {
    return this.#request.socket
  }

  begin(): void {
    this.#context.active.add(this)
    this.#response.on('close', () => {
      this.#leave()
    })
    this.#response.on('drain', () => this.#connection?.resume())
    this.#attemptOrPark()
  }

  /** Answers with an error of the balancer's own. */
  refuse(status: number, why: string): void {
    const body = `${status} ${why}\n`
    const fields: Record<string, string | number> = {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    }
    if (status === 503) fields['retry-after'] = 1
    this.#response.writeHead(status, fields)
    this.#response.end(this.#request.method === 'HEAD' ? undefined : body)
    this.#finish()
  }

  /** The client's connection ends with this exchange. */
  closeAfter(): void {
    this.#closing = true
    this.#response.shouldKeepAlive = false
    if (this.#state === 'tunnelled') this.socket.destroySoon()
  }

  /** Resets the client's stream, so that what it has is not taken for the whole. */
  cut(): void {
    this.socket.resetAndDestroy()
    this.#leave()
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
        target: this.#request.url ?? '/',
        rawHeaders: this.#request.rawHeaders,
        remoteAddress: this.socket.remoteAddress ?? 'unknown',
        encrypted: 'encrypted' in this.socket,
        upgrade: this.#kind.type === 'upgrade',
        trustForwarded: this.#context.trustForwarded,
      }),
    )
    this.#body.sendTo(connection)
  }

  onDrain(): void {
    this.#body.resume()
  }

  /** RFC 9110 section 15.2: passed on, but to a client of HTTP/1.0; a 100 once, to a client that asked for it. */
  onInformation(head: ResponseHead): void {
    this.#waitingSinceMs = this.#context.now()
    if (this.#request.httpVersion !== '1.1') return
    if (head.status !== 100) this.socket.write(writeInformationHead(head), 'latin1')
    else if (this.#kind.type === 'continue' && !this.#continued) {
      this.#continued = true
      this.#response.writeContinue()
    }
  }

  onHead(head: ResponseHead): void {
    this.#move('responded')
    if (this.#entry !== undefined) this.#entry.requests++
    this.#held.begin(head, this.#revealed)
  }

  onData(chunk: Buffer): void {
    if (!this.#held.write(chunk)) this.#connection?.pause()
  }

  onQuiet(): void {
    this.#held.quiet()
  }

  onEnd(trailers: readonly string[]): void {
    this.#held.end(trailers)
    const connection = this.#endAttempt()
    // A request still being sent leaves the connection in the middle of a message.
    if (this.#body.sent) connection?.resume()
    else connection?.abandon()
    this.#finish()
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    const connection = this.#connection
    if (this.#kind.type !== 'upgrade' || connection === undefined) return
    const { socket } = this.#kind
    this.#move('tunnelled')
    if (this.#entry !== undefined) this.#entry.requests++
    this.#response.detachSocket(socket)
    socket.write(writeUpgradeHead(head, this.#revealed), 'latin1')
    const upstream = connection.release()
    upstream.write(this.#kind.rest)
    socket.write(rest)
    joinSockets(socket, upstream, this.#context.limits.stallMs, () => {
      this.#leave()
    })
    if (this.#closing) socket.destroySoon()
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
    return this.#request.method ?? 'GET'
  }

  get #revealed(): string | undefined {
    return this.#context.reveal ? this.#entry?.upstream.id : undefined
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
    connection.begin(this, this.#method, this.#kind.type === 'upgrade')
    return true
  }

  /** How long a connection may have been idle to be trusted with this attempt; a fresh one is always trusted. */
  get #maxIdleMs(): number {
    const { limits } = this.#context
    if (this.#tried.size > 0 || this.#kind.type === 'upgrade') return -1
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

  /** The client's side is over before its answer is. */
  #leave(): void {
    if (this.#state === 'over') return
    this.#context.parking.leave(this)
    this.#held.discard()
    this.#endAttempt()?.abandon()
    this.#finish()
  }

  #finish(): void {
    this.#move('over')
    this.#context.active.delete(this)
    if (!this.#body.sent) this.#body.discard()
  }
}
