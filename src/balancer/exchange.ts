// One client request on its way through as many attempts as rule R1 allows.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HeldResponse } from './held-response.ts'
import type { BalancerLimits } from './limits.ts'
import type { Parking, Parked } from './parking.ts'
import { RequestBody } from './request-body.ts'
import { writeRequestHead } from './request-head.ts'
import { writeUpgradeHead } from './response-head.ts'
import type { ResponseHead } from './response-reader.ts'
import { decideRetry, isRepeatable, type Progress } from './retry.ts'
import type { Roster, RosterEntry } from './roster.ts'
import type { AttemptListener, UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamPool } from './upstream-pool.ts'
import { joinSockets } from './tunnel.ts'

/** What every exchange of a worker shares. */
export interface ExchangeContext {
  readonly limits: BalancerLimits
  readonly reveal: boolean
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

type State = 'parked' | 'attempting' | 'finished'

export class Exchange implements AttemptListener, Parked {
  readonly #context: ExchangeContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #kind: ExchangeKind
  readonly #body: RequestBody
  readonly #held: HeldResponse
  readonly #tried = new Set<RosterEntry>()
  #state: State = 'parked'
  #attempts = 0
  #progress: Progress = 'not-sent'
  #entry: RosterEntry | undefined
  #connection: UpstreamConnection | undefined
  #revisit: RosterEntry | undefined
  /** When the request was handed over, while no head has come; 0 otherwise. */
  #waitingSinceMs = 0

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
      this.#progress = 'passed'
    })
  }

  begin(): void {
    this.#context.active.add(this)
    this.#response.on('close', () => {
      this.#leave()
    })
    this.#response.on('drain', () => this.#connection?.resume())
    this.#attemptOrPark()
  }

  /** The client's connection ends with this exchange. */
  closeAfter(): void {
    this.#response.shouldKeepAlive = false
    if (this.#kind.type === 'upgrade' && this.#progress === 'passed') this.#kind.socket.destroySoon()
  }

  /** Resets the client's stream, so that what it has is not taken for the whole. */
  cut(): void {
    this.#request.socket.resetAndDestroy()
    this.#leave()
  }

  /** Called every second: an instance that does not answer in time ends the attempt, not the client's patience. */
  checkTime(): void {
    if (this.#waitingSinceMs === 0 || !this.#body.sent) return
    if (this.#context.now() - this.#waitingSinceMs < this.#context.limits.responseTimeoutMs) return
    this.#endAttempt()?.abandon()
    this.#refuse(504, 'the instance did not answer in time')
  }

  // Parked

  retry(): boolean {
    return this.#state !== 'parked' || this.#attempt()
  }

  expire(): void {
    this.#refuse(503, 'no instance is ready')
  }

  // AttemptListener

  onReady(connection: UpstreamConnection): void {
    this.#progress = 'sent'
    this.#attempts++
    this.#waitingSinceMs = this.#context.now()
    const { socket } = this.#request
    if (this.#body.exists) connection.gather()
    connection.write(
      writeRequestHead({
        method: this.#request.method ?? 'GET',
        target: this.#request.url ?? '/',
        rawHeaders: this.#request.rawHeaders,
        remoteAddress: socket.remoteAddress ?? 'unknown',
        encrypted: 'encrypted' in socket,
        upgrade: this.#kind.type === 'upgrade',
      }),
    )
    this.#body.sendTo(connection)
  }

  onDrain(): void {
    this.#body.resume()
  }

  onInformation(head: ResponseHead): void {
    if (this.#request.httpVersion !== '1.1') return
    if (head.status === 100 && this.#kind.type === 'continue') this.#response.writeContinue()
    else if (head.status === 102) this.#response.writeProcessing()
  }

  onHead(head: ResponseHead): void {
    this.#progress = 'responded'
    this.#waitingSinceMs = 0
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
    const connection = this.#endAttempt()
    this.#finish()
    this.#held.end(trailers)
    // A request still being sent leaves the connection in the middle of a message.
    if (this.#body.sent) connection?.resume()
    else connection?.abandon()
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    const connection = this.#connection
    if (this.#kind.type !== 'upgrade' || connection === undefined) return
    const { socket } = this.#kind
    this.onHead(head)
    this.#progress = 'passed'
    this.#response.detachSocket(socket)
    socket.write(writeUpgradeHead(head, this.#revealed), 'latin1')
    const upstream = connection.release()
    upstream.write(this.#kind.rest)
    socket.write(rest)
    joinSockets(socket, upstream, () => {
      this.#leave()
    })
  }

  onDeath(cause: Error): void {
    const entry = this.#entry
    const reused = this.#connection?.reused ?? false
    this.#endAttempt()
    this.#held.discard()
    const verdict = decideRetry({
      progress: this.#progress,
      method: this.#request.method ?? 'GET',
      bodyReplayable: this.#body.replayable,
      keyEnforced: false,
    })
    if (verdict === 'reset') {
      this.cut()
      return
    }
    if (entry !== undefined) this.#tried.add(entry)
    // The end of a connection that had been idle says little about the instance: where no other is left, a fresh
    // connection may go there again.
    this.#revisit = reused && this.#progress !== 'responded' ? entry : undefined
    if (verdict === 'repeat' && this.#attempts < this.#context.limits.attempts) this.#attemptOrPark()
    else this.#refuse(502, `the instance failed: ${cause.message}`)
  }

  get #revealed(): string | undefined {
    return this.#context.reveal ? this.#entry?.upstream.id : undefined
  }

  #attemptOrPark(): void {
    if (this.#attempt()) return
    this.#state = 'parked'
    if (!this.#context.parking.park(this)) this.#refuse(503, 'too many requests wait for an instance')
  }

  /** Starts the next attempt; false when there is no instance for it. */
  #attempt(): boolean {
    const { roster, pool, limits } = this.#context
    const entry = roster.pick(this.#tried) ?? this.#takeRevisit()
    if (entry === undefined) return false
    this.#state = 'attempting'
    this.#progress = 'not-sent'
    this.#entry = entry
    entry.inFlight++
    const connection = pool.take(entry.upstream, this.#maxIdleMs(limits))
    this.#connection = connection
    connection.begin(this, this.#request.method ?? 'GET', this.#kind.type === 'upgrade')
    return true
  }

  /** How long a connection may have been idle to be trusted with this attempt; a fresh one is always trusted. */
  #maxIdleMs(limits: BalancerLimits): number {
    if (this.#tried.size > 0 || this.#kind.type === 'upgrade') return -1
    return isRepeatable(this.#request.method ?? 'GET') ? limits.upstreamIdleMs : limits.justUsedMs
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
    this.#waitingSinceMs = 0
    this.#body.detach()
    return connection
  }

  #refuse(status: number, why: string): void {
    this.#finish()
    const { method } = this.#request
    const body = `${status} ${why}\n`
    const fields: Record<string, string | number> = {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    }
    if (status === 503) fields['retry-after'] = 1
    // What is left of an unread body must not be taken for the next request.
    if (!this.#body.sent) this.#response.shouldKeepAlive = false
    this.#response.writeHead(status, fields)
    this.#response.end(method === 'HEAD' ? undefined : body)
  }

  #finish(): void {
    this.#state = 'finished'
    this.#context.active.delete(this)
  }

  /** The client's side is over, complete or not. */
  #leave(): void {
    this.#finish()
    this.#context.parking.leave(this)
    this.#endAttempt()?.abandon()
    this.#held.discard()
  }
}
