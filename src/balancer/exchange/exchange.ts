// One client request on its way through as many attempts as rule R1 allows.
import { STATUS_CODES } from 'node:http'
import { instanceHeader, notProcessedHeader, traceHeader } from '../../base/wire.ts'
import { retryAfterS, type Parked } from '../choosing/parking.ts'
import type { RosterEntry } from '../choosing/roster.ts'
import type { ClientListener, ClientStream } from '../client/client-stream.ts'
import type { RequestIdentity } from '../telemetry/identity.ts'
import { explain, mayExplain } from '../telemetry/trace.ts'
import { writeRequestHead } from '../upstream/request-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import { Tunnel } from '../websocket/tunnel.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { ActiveExchange, ExchangeContext, ExchangeSettings } from './context.ts'
import { mintKey, type KeyLicence } from './enforced-routes.ts'
import { EventStreamEnd } from './event-stream-end.ts'
import { HeldResponse } from './held-response.ts'
import { move, type ExchangeState } from './lifecycle.ts'
import type { AttemptOutcome, ExchangeEnd, ExchangeRecord } from './record.ts'
import { ReplayableBody, type BodyOwner } from './replayable-body.ts'
import { decideAttemptEnd, isRepeatable, type AttemptEnd, type AttemptVerdict } from './retry.ts'

const none: readonly string[] = []
const nobody: ReadonlySet<RosterEntry> = new Set()

export class Exchange implements ActiveExchange, AttemptOwner, BodyOwner, ClientListener, Parked {
  position = 0
  readonly #context: ExchangeContext
  /** As they were when the request came. */
  readonly #settings: ExchangeSettings
  readonly #stream: ClientStream
  readonly #body: ReplayableBody
  readonly #held: HeldResponse
  readonly #identity: RequestIdentity
  readonly #record: ExchangeRecord
  readonly #licence: KeyLicence
  #mintedKey: string | undefined
  #state: ExchangeState = 'new'
  /** The attempt under way: with a hedge, the first of the two until one of them answers. */
  #attempt: Attempt | undefined
  #hedge: Attempt | undefined
  #hedgeTimer: NodeJS.Timeout | undefined
  /** Instances that were asked. */
  #tried: Set<RosterEntry> | undefined
  /** Attempts that handed a byte to an instance. */
  #sentAttempts = 0
  /** Where a fresh connection may go though the instance was tried. */
  readonly #revisits: RosterEntry[] = []
  /** An attempt's end that waits to be confirmed, or for budget. */
  #pendingRepeat: { readonly entry: RosterEntry; readonly why: string } | undefined
  #parkedSinceMs = 0
  #tunnel: Tunnel | undefined
  #events: EventStreamEnd | undefined
  #leaveTimer: NodeJS.Timeout | undefined

  constructor(context: ExchangeContext, stream: ClientStream) {
    const { settings } = context
    this.#context = context
    this.#settings = settings
    this.#stream = stream
    this.#body = new ReplayableBody(stream, settings.limits, context.spool, this)
    this.#held = new HeldResponse(stream, settings.limits, () => {
      this.#move('passed')
      this.#body.forget()
    })
    this.#identity = context.identities.identify(stream.head.rawHeaders)
    this.#licence = settings.routes.license(stream.head)
    this.#record = {
      requestId: this.#identity.requestId,
      traceId: this.#identity.traceId,
      method: stream.head.method,
      target: stream.head.target,
      version: stream.head.version,
      remoteAddress: stream.client.remoteAddress,
      startedMs: context.now(),
      endedMs: 0,
      queueMs: 0,
      status: 0,
      bytesOut: 0,
      end: 'answered',
      why: '',
      attempts: [],
    }
    stream.listener = this
  }

  begin(): void {
    const { active } = this.#context
    active.add(this)
    this.#settings.budget.deposit(this.#record.startedMs)
    this.#attemptOrPark()
    this.#planHedge()
  }

  // ActiveExchange

  cut(): void {
    if (this.#state === 'over') return
    if (this.#tunnel !== undefined) {
      this.#tunnel.cut()
      return
    }
    this.#stream.reset()
    this.#abandon('reset')
  }

  checkTime(): void {
    const nowMs = this.#context.now()
    const { limits } = this.#settings
    if (this.#pendingRepeat !== undefined && nowMs - this.#parkedSinceMs >= limits.retryWaitMs) {
      this.#context.counts.budgetExhausted++
      this.refuse(503, `too many requests are being repeated; ${this.#pendingRepeat.why}`)
      return
    }
    for (const attempt of [this.#attempt, this.#hedge]) {
      if (attempt?.progress !== 'sent' || this.#state !== 'attempting') continue
      // The time a client takes to send its body is not the instance's.
      if (!this.#body.sent) attempt.waitingSinceMs = nowMs
      if (nowMs - attempt.waitingSinceMs < limits.responseTimeoutMs) continue
      this.#end(attempt, 'failed', 'no answer in time')
      attempt.connection.abandon()
      if (this.#attempt === undefined) this.refuse(504, 'the instance did not answer in time')
    }
  }

  get streamsFrom(): string | undefined {
    if (this.#tunnel === undefined && this.#events === undefined) return undefined
    return this.#attempt?.entry.upstream.id
  }

  goAway(delayMs: number): void {
    this.#tunnel?.drain(delayMs)
    if (this.#events === undefined || this.#leaveTimer !== undefined) return
    this.#leaveTimer = setTimeout(() => {
      this.#leaveStream()
    }, delayMs)
  }

  // ClientListener

  onBody(chunk: Buffer): void {
    this.#body.onBody(chunk)
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#body.onBodyEnd(trailers)
  }

  onDrain(): void {
    this.#attempt?.connection.resume()
  }

  /** The client's side is over before its answer is. */
  onLeave(): void {
    if (this.#state !== 'over') this.#abandon('client-left')
  }

  // BodyOwner

  onBodyFailure(cause: Error): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    attempt.connection.abandon()
    this.onAttemptDeath(attempt, cause)
  }

  // Parked

  retry(): boolean {
    if (this.#state !== 'parked') return true
    const pending = this.#pendingRepeat
    if (pending !== undefined) {
      const nowMs = this.#context.now()
      if (!isGone(pending.entry) && !this.#settings.budget.withdraw(nowMs)) return false
      this.#pendingRepeat = undefined
    }
    const reason = this.#begin()
    if (reason === undefined) return true
    this.#context.parking.park(this, reason)
    return false
  }

  expire(): void {
    this.refuse(503, 'no instance is ready')
  }

  // AttemptOwner

  onAttemptReady(attempt: Attempt): void {
    const { connection } = attempt
    this.#sentAttempts++
    attempt.waitingSinceMs = this.#context.now()
    const head = this.#writeHead()
    if (!this.#body.exists) {
      connection.write(head)
      return
    }
    connection.gather(() => {
      connection.write(head)
      this.#body.sendTo(connection)
    })
  }

  onAttemptDrain(): void {
    this.#body.resume()
  }

  onAttemptInformation(attempt: Attempt, head: ResponseHead): void {
    attempt.waitingSinceMs = this.#context.now()
    this.#stream.inform(head)
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead): void {
    if (head.status === 503 && this.#isMarked(head)) {
      attempt.connection.abandon()
      // It leaves, and waits for us to let it go.
      this.#context.roster.retire(attempt.entry, this.#context.now())
      this.#context.pool.retire(attempt.entry.upstream)
      this.#fail(attempt, 'not-processed', 'the instance did not process it')
      return
    }
    this.#win(attempt)
    this.#record.status = head.status
    attempt.respondedMs = this.#context.now()
    this.#events = EventStreamEnd.of(head)
    if (this.#events !== undefined) this.#context.roster.responded(attempt.entry, attempt.respondedMs)
    this.#held.begin(head, this.#extraFields(attempt))
  }

  onAttemptData(attempt: Attempt, chunk: Buffer): void {
    const passed = this.#events === undefined ? chunk : this.#events.follow(chunk)
    this.#record.bytesOut += passed.length
    if (!this.#held.write(passed)) attempt.connection.pause()
    if (this.#events?.mayEnd === true) this.#endStream()
  }

  onAttemptQuiet(): void {
    this.#held.quiet()
  }

  onAttemptEnd(attempt: Attempt, trailers: readonly string[]): void {
    this.#end(attempt, 'answered')
    // A request still being sent leaves the connection in the middle of a message.
    if (this.#body.sent) attempt.connection.resume()
    else attempt.connection.abandon()
    this.#held.end(trailers)
    this.#finish('answered')
  }

  onAttemptUpgrade(attempt: Attempt, head: ResponseHead, rest: Buffer): void {
    const { connection, entry } = attempt
    const { limits } = this.#settings
    this.#win(attempt)
    this.#move('tunnelled')
    this.#record.status = 101
    this.#context.counts.tunnels++
    this.#context.roster.responded(entry, this.#context.now())
    const client = this.#stream.upgrade(head, this.#extraFields(attempt))
    const tunnel = new Tunnel({
      client: client.socket,
      upstream: connection.release(),
      stallMs: limits.stallMs,
      closeMs: limits.streamCloseMs,
      onClose: () => {
        this.#context.counts.tunnels--
        this.#end(attempt, 'answered')
        this.#finish('tunnelled')
      },
    })
    this.#tunnel = tunnel
    tunnel.open(client.rest, rest)
    if (this.#context.draining) tunnel.goAway()
  }

  onAttemptDeath(attempt: Attempt, cause: Error): void {
    // The end of a connection that had been idle says little about the instance: where no other is left, a fresh
    // connection may go there again.
    if (attempt.connection.reused && attempt.progress !== 'responded') this.#revisits.push(attempt.entry)
    this.#fail(attempt, 'failed', cause.message)
  }

  /** Answers with an error of the balancer's own. */
  refuse(status: number, why: string): void {
    this.#context.parking.leave(this)
    this.#record.status = status
    this.#record.why = why
    const body = Buffer.from(`${status} ${why}\n`)
    const rawHeaders = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
    rawHeaders.push('Cache-Control', 'no-store')
    if (status === 503) rawHeaders.push('Retry-After', String(retryAfterS(this.#context.random)))
    const head = { status, reason: STATUS_CODES[status] ?? '', rawHeaders, keepAlive: true }
    this.#stream.respond(head, this.#traceField())
    this.#stream.write(body)
    this.#stream.end(none)
    this.#finish('refused')
  }

  // Attempts

  #attemptOrPark(): void {
    const reason = this.#begin()
    if (reason !== undefined) this.#park(reason)
  }

  #park(reason: 'none' | 'full'): void {
    const { counts, now, parking } = this.#context
    if (this.#state !== 'parked') this.#parkedSinceMs = now()
    this.#move('parked')
    if (parking.park(this, reason)) return
    counts.shed++
    this.refuse(503, reason === 'full' ? 'all instances are busy' : 'too many requests wait for an instance')
  }

  /** Starts the next attempt, or answers why it cannot. */
  #begin(): 'none' | 'full' | undefined {
    const { now, pool, roster } = this.#context
    const nowMs = now()
    const picked = this.#pick(nowMs)
    if (typeof picked === 'string') return picked
    if (this.#state === 'parked') this.#record.queueMs += nowMs - this.#parkedSinceMs
    this.#move('attempting')
    roster.started(picked, nowMs)
    const attempt = new Attempt(this, picked, pool.take(picked.upstream, this.#maxIdleMs), nowMs)
    this.#attempt = attempt
    this.#record.attempts.push(attempt.record)
    attempt.connection.begin(attempt, this.#stream.head.method, this.#stream.head.upgrade)
    return undefined
  }

  #pick(nowMs: number): RosterEntry | 'none' | 'full' {
    const { roster } = this.#context
    const tried = this.#tried
    let picked = roster.pick(tried ?? nobody, nowMs, this.#isRepeatable)
    // One that left the list and came back is no other instance.
    while (tried !== undefined && typeof picked !== 'string' && isAmong(picked, tried)) {
      tried.add(picked)
      picked = roster.pick(tried, nowMs, this.#isRepeatable)
    }
    if (picked !== 'none') return picked
    const revisit = this.#revisits.find((entry) => roster.has(entry))
    if (revisit !== undefined) this.#revisits.splice(this.#revisits.indexOf(revisit), 1)
    return revisit ?? picked
  }

  get #isRepeatable(): boolean {
    return isRepeatable(this.#stream.head.method) || this.#licence !== 'none'
  }

  /** How long a connection may have been idle to be trusted with this attempt; a fresh one is always trusted. */
  get #maxIdleMs(): number {
    const { limits } = this.#settings
    if (this.#tried !== undefined || this.#stream.head.upgrade) return -1
    return this.#isRepeatable ? limits.upstreamIdleMs : limits.justUsedMs
  }

  #writeHead(): string {
    const { client, head } = this.#stream
    if (this.#licence === 'minted') this.#mintedKey ??= mintKey(this.#context.randomBytes(16))
    return writeRequestHead({
      method: head.method,
      target: head.target,
      rawHeaders: head.rawHeaders,
      remoteAddress: client.remoteAddress,
      encrypted: client.encrypted,
      upgrade: head.upgrade,
      trustForwarded: this.#settings.trustForwarded,
      chunked: head.body === 'chunked',
      requestId: this.#identity.requestId,
      traceparent: this.#identity.traceparent,
      keepsTracestate: this.#identity.keepsTracestate,
      mintedKey: this.#mintedKey,
    })
  }

  /** An attempt ended without an answer: rule R1 says how it goes on. */
  #fail(attempt: Attempt, outcome: AttemptOutcome, why: string): void {
    if (attempt !== this.#attempt && attempt !== this.#hedge) return
    const { limits, budget } = this.#settings
    const nowMs = this.#context.now()
    this.#end(attempt, outcome, why)
    ;(this.#tried ??= new Set()).add(attempt.entry)
    // The other of the two goes on.
    if (this.#attempt !== undefined) return
    if (this.#state !== 'passed') this.#held.discard()
    const end: AttemptEnd = {
      progress: this.#state === 'passed' ? 'passed' : attempt.progress,
      notProcessed: outcome === 'not-processed',
      method: this.#stream.head.method,
      body: this.#body.kind,
      keyEnforced: this.#licence !== 'none',
      confirmed: isGone(attempt.entry),
      attempts: this.#sentAttempts,
      maxAttempts: limits.attempts,
      budget: budget.balance(nowMs) >= 1 ? 'available' : 'empty',
      clientGone: false,
    }
    this.#obey(decideAttemptEnd(end), attempt, why)
  }

  #obey(verdict: AttemptVerdict, attempt: Attempt, why: string): void {
    const { record } = attempt
    record.why = `${why}; ${verdict.type}`
    switch (verdict.type) {
      case 'repeat':
        if (verdict.charged) this.#settings.budget.withdraw(this.#context.now())
        this.#attemptOrPark()
        break
      case 'wait':
        this.#pendingRepeat = { entry: attempt.entry, why }
        this.#park('none')
        break
      case 'refuse':
        this.refuse(502, `the instance failed: ${why}`)
        break
      case 'reset':
        this.cut()
        break
    }
  }

  /** Takes the attempt off: what it says from now on is nobody's. */
  #end(attempt: Attempt, outcome: AttemptOutcome, why = ''): void {
    if (attempt === this.#attempt) {
      this.#attempt = this.#hedge
      this.#hedge = undefined
    } else this.#hedge = undefined
    const hasLatency = attempt.respondedMs > 0 && !this.#body.exists && this.#isRepeatable
    attempt.end(
      this.#context.roster,
      outcome,
      this.#context.now(),
      hasLatency ? attempt.respondedMs - attempt.record.startedMs : undefined,
    )
    attempt.record.why = why
    this.#body.detach()
  }

  // Hedging

  #planHedge(): void {
    const { hedging, now } = this.#context
    const delayMs = hedging.delayMs(this.#stream.head.method, this.#body.exists, now())
    if (delayMs === undefined) return
    this.#hedgeTimer = setTimeout(() => {
      this.#beginHedge()
    }, delayMs)
  }

  #beginHedge(): void {
    const { hedging, now, pool, roster } = this.#context
    const first = this.#attempt
    if (this.#state !== 'attempting' || first?.progress !== 'sent' || this.#stream.head.upgrade) return
    const nowMs = now()
    const picked = roster.pick(new Set([...(this.#tried ?? nobody), first.entry]), nowMs)
    if (typeof picked === 'string' || !hedging.spend()) return
    roster.started(picked, nowMs)
    const attempt = new Attempt(this, picked, pool.take(picked.upstream, -1), nowMs)
    this.#hedge = attempt
    this.#record.attempts.push(attempt.record)
    attempt.connection.begin(attempt, this.#stream.head.method, false)
  }

  /** The first to answer stays, the other is let go. */
  #win(attempt: Attempt): void {
    const loser = attempt === this.#attempt ? this.#hedge : this.#attempt
    if (loser === undefined) return
    this.#end(loser, 'hedged-away')
    loser.connection.abandon()
  }

  // Answering

  #isMarked(head: ResponseHead): boolean {
    const { marker } = this.#settings
    if (marker === undefined) return false
    const at = head.rawHeaders.findIndex(
      (name, index) => index % 2 === 0 && name.toLowerCase() === notProcessedHeader,
    )
    return at !== -1 && head.rawHeaders[at + 1] === marker
  }

  #extraFields(attempt: Attempt): readonly string[] {
    const trace = this.#traceField()
    return this.#settings.reveal ? [instanceHeader, attempt.entry.upstream.id, ...trace] : trace
  }

  #traceField(): readonly string[] {
    if (!this.#identity.asksTrace || !this.#settings.trace) return none
    const { client, head } = this.#stream
    if (!mayExplain(client.remoteAddress, head.rawHeaders)) return none
    return [traceHeader, explain(this.#record, this.#context.now())]
  }

  // Event streams of an instance that leaves

  #leaveStream(): void {
    const events = this.#events
    if (events === undefined || this.#state === 'over') return
    if (events.leave()) {
      this.#endStream()
      return
    }
    this.#leaveTimer = setTimeout(() => {
      this.cut()
    }, this.#settings.limits.streamCloseMs)
  }

  #endStream(): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.#end(attempt, 'answered')
    attempt.connection.abandon()
    this.#held.end(none)
    this.#finish('answered')
  }

  // The end

  #move(to: ExchangeState): void {
    this.#state = move(this.#state, to)
  }

  /** Nobody waits for the answer any more. */
  #abandon(end: ExchangeEnd): void {
    this.#context.parking.leave(this)
    this.#held.discard()
    for (const attempt of [this.#hedge, this.#attempt]) {
      if (attempt === undefined) continue
      this.#end(attempt, 'abandoned')
      attempt.connection.abandon()
    }
    this.#finish(end)
  }

  #finish(end: ExchangeEnd): void {
    const { active, now, observe } = this.#context
    this.#move('over')
    clearTimeout(this.#hedgeTimer)
    clearTimeout(this.#leaveTimer)
    active.remove(this)
    if (this.#body.sent) this.#body.close()
    else this.#body.discard()
    this.#record.endedMs = now()
    this.#record.end = end
    observe(this.#record)
  }
}

/** The supervisor has taken it off the list: it is dead, or about to be. */
function isGone(entry: RosterEntry): boolean {
  return !entry.live && entry.upstream.draining !== true
}

function isAmong(entry: RosterEntry, tried: ReadonlySet<RosterEntry>): boolean {
  const { id, epoch } = entry.upstream
  for (const other of tried) if (other.upstream.id === id && other.upstream.epoch === epoch) return true
  return false
}
