// One client request on its way through as many attempts as rule R1 allows.
import { instanceHeader, notProcessedHeader, traceHeader } from '../../base/wire.ts'
import type { Parked, WaitReason } from '../choosing/parking.ts'
import type { RosterEntry } from '../choosing/roster.ts'
import type { ClientListener, ClientStream } from '../client/client-stream.ts'
import { fieldValue } from '../http1/header-section.ts'
import type { RequestIdentity } from '../telemetry/identity.ts'
import { explain } from '../telemetry/trace.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import type { Attempt, AttemptOwner } from './attempt.ts'
import { Attempts } from './attempts.ts'
import type { ActiveExchange, ExchangeContext, ExchangeSettings } from './context.ts'
import { EventStreamEnd, type EventStreamOwner } from './event-stream-end.ts'
import { HeldResponse } from './held-response.ts'
import { move, type ExchangeState } from './lifecycle.ts'
import { OutgoingRequest } from './outgoing-request.ts'
import type { AttemptOutcome, ExchangeEnd, ExchangeRecord } from './record.ts'
import { refusal } from './refusal.ts'
import { ReplayableBody, type BodyOwner } from './replayable-body.ts'
import { TunnelledExchange } from './tunnelled-exchange.ts'
import { decideAttemptEnd, hadNoEffect, isRepeatable, type AttemptVerdict } from './retry.ts'

/** A repeat that waits until the supervisor confirms the death of `entry`, or for budget. */
interface PendingRepeat {
  readonly entry: RosterEntry
  readonly why: string
  /** R1 and the budget allow it already; confirmed, the next instance need not wait for the lease of the dead one. */
  readonly isAllowed: boolean
}

const none: readonly string[] = []
/** So many informations (1xx) of an attempt show that it is at work. */
const maxInformations = 100

export class Exchange
  implements ActiveExchange, AttemptOwner, BodyOwner, ClientListener, EventStreamOwner, Parked
{
  position = 0
  readonly #context: ExchangeContext
  /** As they were when the request came. */
  readonly #settings: ExchangeSettings
  readonly #stream: ClientStream
  readonly #body: ReplayableBody
  readonly #held: HeldResponse
  readonly #request: OutgoingRequest
  readonly #record: ExchangeRecord
  readonly #attempts: Attempts
  /** Of each attempt that failed, whose lease on the key may still be there; which are dead is the roster's to say. */
  #failed: readonly RosterEntry[] = []
  #state: ExchangeState = 'new'
  #pendingRepeat: PendingRepeat | undefined
  /** It may have taken effect, so that only an enforced key licenses another attempt (R1). */
  #isByKey = false
  #parkedSinceMs = 0
  #hedgeTimer: NodeJS.Timeout | undefined
  #events: EventStreamEnd | undefined
  /** The client need not wait for a 100, or was told one. */
  #mayContinue: boolean
  /** The answer may be silent for as long as it likes. */
  #streams = false
  /** Bytes of the answer at the last look. */
  #seenBytes = -1

  constructor(context: ExchangeContext, stream: ClientStream) {
    const { settings } = context
    const { head } = stream
    this.#context = context
    this.#settings = settings
    this.#stream = stream
    this.#body = new ReplayableBody(stream, settings.limits, context.spool, this)
    this.#held = new HeldResponse(stream, settings.limits, () => {
      this.#move('passed')
      this.#body.forget()
    })
    this.#request = new OutgoingRequest(stream, context)
    this.#record = createRecord(stream, this.#request.identity, context.now())
    const needs = { method: head.method, repeatable: this.#request.repeatable, upgrade: head.upgrade }
    this.#attempts = new Attempts(this, context, needs, this.#record)
    this.#mayContinue = !head.expectsContinue
    stream.listener = this
  }

  begin(): void {
    const nowMs = this.#record.startedMs
    this.#context.active.add(this)
    this.#settings.budget.deposit(nowMs)
    this.#attemptOrPark(nowMs)
    this.#planHedge(nowMs)
  }

  // ActiveExchange

  cut(): void {
    if (this.#state === 'over') return
    this.#stream.reset()
    this.#abandon('reset')
  }

  checkTime(nowMs: number): void {
    const { limits } = this.#settings
    if (this.#pendingRepeat !== undefined && nowMs - this.#parkedSinceMs >= limits.retryWaitMs) {
      this.#endWait(this.#pendingRepeat, nowMs)
      return
    }
    for (const attempt of this.#attempts.all()) {
      if (attempt.progress === 'sent') this.#checkPatience(attempt, nowMs)
      else if (attempt.progress === 'responded') this.#checkFlow(attempt, nowMs)
    }
  }

  get streamsFrom(): RosterEntry | undefined {
    return this.#events === undefined ? undefined : this.#attempts.current?.entry
  }

  get isLeaving(): boolean {
    return this.#events?.isLeaving === true
  }

  goAway(delayMs: number): void {
    this.#events?.leave(this.#context.now(), delayMs, this.#settings.limits.streamCloseMs)
  }

  /** An event stream ends between two events. */
  endStream(): void {
    const attempt = this.#attempts.current
    if (attempt === undefined) return
    attempt.connection.abandon()
    this.#complete(attempt, none)
  }

  // ClientListener

  onBody(chunk: Buffer): void {
    this.#body.onBody(chunk)
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#body.onBodyEnd(trailers)
  }

  onDrain(): void {
    this.#attempts.current?.connection.resume()
  }

  /** The client's side is over before its answer is. */
  onLeave(): void {
    if (this.#state !== 'over') this.#abandon('client-left')
  }

  // BodyOwner

  onBodyFailure(cause: Error): void {
    const attempt = this.#attempts.current
    if (attempt === undefined) return
    attempt.connection.abandon()
    this.onAttemptDeath(attempt, cause)
  }

  // Parked

  retry(): boolean {
    if (this.#state !== 'parked') return true
    const nowMs = this.#context.now()
    const pending = this.#pendingRepeat
    if (pending !== undefined) {
      const isFree = isGone(pending.entry)
      if (!isFree && (pending.isAllowed || !this.#settings.budget.withdraw(nowMs))) return false
      this.#pendingRepeat = undefined
    }
    const reason = this.#attempt(nowMs)
    if (reason === undefined) return true
    this.#context.parking.park(this, reason)
    return false
  }

  expire(reason: WaitReason): void {
    this.refuse(503, reason === 'full' ? 'all instances are busy' : 'no instance is ready')
  }

  // AttemptOwner

  onAttemptReady(attempt: Attempt): void {
    const { connection } = attempt
    const head = this.#request.write(this.#failed.filter(isGone))
    if (!this.#body.exists) {
      connection.write(head)
      return
    }
    connection.gather(head, () => {
      this.#body.sendTo(connection)
    })
  }

  onAttemptDrain(attempt: Attempt): void {
    // It takes the body, if slowly.
    attempt.waitingSinceMs = this.#context.now()
    this.#body.resume()
  }

  onAttemptInformation(attempt: Attempt, head: ResponseHead): void {
    if (head.status === 100) this.#mayContinue = true
    // An instance that only ever says that it is at work is neither waited for nor listened to without end.
    if (++attempt.informations > maxInformations) return
    attempt.waitingSinceMs = this.#context.now()
    this.#stream.inform(head)
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead): void {
    if (head.status === 503 && isMarked(head, this.#settings.marker)) {
      this.#letGo(attempt)
      return
    }
    const { hedging, now, roster } = this.#context
    const nowMs = now()
    if (hedging.isOn && !this.#body.exists) attempt.respondedMs = nowMs
    attempt.waitingSinceMs = nowMs
    this.#attempts.win(attempt, nowMs)
    this.#record.status = head.status
    this.#streams = head.flow !== undefined
    this.#events = EventStreamEnd.of(head, this)
    this.#held.begin(head, this.#extraFields(attempt))
    if (this.#events === undefined) return
    roster.responded(attempt.entry, nowMs)
    if (this.#context.draining || !attempt.entry.live) this.goAway(0)
  }

  onAttemptData(attempt: Attempt, chunk: Buffer): void {
    const passed = this.#events === undefined ? chunk : this.#events.follow(chunk)
    this.#record.bytesOut += passed.length
    if (!this.#held.write(passed)) attempt.connection.pause()
    if (this.#events?.mayEnd === true) this.endStream()
  }

  onAttemptQuiet(): void {
    this.#held.quiet()
  }

  onAttemptEnd(attempt: Attempt, trailers: readonly string[]): void {
    // A request still being sent leaves the connection in the middle of a message.
    if (this.#body.sent) attempt.connection.resume()
    else attempt.connection.abandon()
    this.#complete(attempt, trailers)
  }

  /** From here on it is no longer HTTP: two joined sockets take this exchange's place. */
  onAttemptUpgrade(attempt: Attempt, head: ResponseHead, rest: Buffer): void {
    const { now, roster } = this.#context
    const { limits } = this.#settings
    this.#record.status = 101
    roster.responded(attempt.entry, now())
    const client = this.#stream.upgrade(head, this.#extraFields(attempt))
    const tunnelled = new TunnelledExchange(this.#context, attempt, this.#record, {
      client: client.socket,
      upstream: attempt.connection.release(),
      stallMs: limits.stallMs,
      closeMs: limits.streamCloseMs,
    })
    this.#move('over')
    this.#context.active.remove(this)
    tunnelled.begin(client.rest, rest)
  }

  onAttemptDeath(attempt: Attempt, cause: Error): void {
    if (attempt.connection.reused && attempt.progress !== 'responded') this.#attempts.revisit(attempt.entry)
    this.#fail(attempt, 'failed', cause.message)
  }

  /** Answers with an error of the balancer's own. */
  refuse(status: number, why: string): void {
    const { now, parking, random } = this.#context
    parking.leave(this)
    this.#record.status = status
    this.#record.why = why
    const { head, body } = refusal(status, why, random)
    this.#stream.respond(head, this.#traceField())
    this.#stream.write(body)
    this.#stream.end(none)
    this.#finish('refused', now())
  }

  // Attempts

  #attemptOrPark(nowMs: number): void {
    const reason = this.#attempt(nowMs)
    if (reason !== undefined) this.#park(reason, nowMs)
  }

  /** Starts the next attempt, or answers why it cannot. */
  #attempt(nowMs: number): WaitReason | undefined {
    if (this.#isByKey && !this.#request.keyEnforced) {
      this.refuse(502, 'the instance failed, and its successors may not enforce the key')
      return undefined
    }
    const picked = this.#attempts.pick(nowMs)
    if (typeof picked === 'string') return picked
    if (this.#state === 'parked') this.#record.queueMs += nowMs - this.#parkedSinceMs
    this.#move('attempting')
    this.#attempts.begin(picked, nowMs)
    return undefined
  }

  #park(reason: WaitReason, nowMs: number): void {
    const { counts, parking } = this.#context
    this.#parkedSinceMs = nowMs
    counts.waited++
    this.#move('parked')
    if (parking.park(this, reason)) return
    counts.shed++
    this.refuse(503, reason === 'full' ? 'all instances are busy' : 'too many requests wait for an instance')
  }

  #planHedge(nowMs: number): void {
    const { hedging, now } = this.#context
    if (!hedging.isOn || this.#stream.head.upgrade) return
    const delayMs = hedging.delayMs(this.#stream.head.method, this.#body.exists, nowMs)
    if (delayMs === undefined) return
    this.#hedgeTimer = setTimeout(() => {
      if (this.#state === 'attempting') this.#attempts.hedge(now())
    }, delayMs)
  }

  /**
   * An instance that took a key and died may hold its lease: the next one would answer that the first is still at work.
   * Where it can be told better, it is worth a moment.
   */
  #awaitsWord(entry: RosterEntry): boolean {
    return this.#request.mayHoldLease && this.#failed.includes(entry) && !isGone(entry)
  }

  #wait(pending: PendingRepeat, nowMs: number): void {
    this.#pendingRepeat = pending
    this.#park('none', nowMs)
  }

  /** Nobody confirmed the death in time. */
  #endWait({ isAllowed, why }: PendingRepeat, nowMs: number): void {
    this.#pendingRepeat = undefined
    if (isAllowed) {
      this.#context.parking.leave(this)
      this.#attemptOrPark(nowMs)
      return
    }
    this.#context.counts.budgetExhausted++
    this.refuse(503, `too many requests are being repeated; ${why}`)
  }

  /** It leaves, and waits for us to let it go: nothing more is sent to it. */
  #letGo(attempt: Attempt): void {
    const { now, pool, roster } = this.#context
    attempt.connection.abandon()
    roster.retire(attempt.entry, now())
    pool.retire(attempt.entry.upstream)
    this.#fail(attempt, 'not-processed', 'the instance did not process it')
  }

  #checkPatience(attempt: Attempt, nowMs: number): void {
    // The time a client takes to send its body is not the instance's.
    if (this.#body.waitsForClient && this.#mayContinue) attempt.waitingSinceMs = nowMs
    if (nowMs - attempt.waitingSinceMs >= this.#settings.limits.responseTimeoutMs)
      this.#giveUp(attempt, nowMs)
  }

  /** An answer that has stopped in the middle. */
  #checkFlow(attempt: Attempt, nowMs: number): void {
    const { bytesOut } = this.#record
    const moves = bytesOut !== this.#seenBytes || attempt.connection.isPaused || this.#streams
    this.#seenBytes = bytesOut
    if (moves) attempt.waitingSinceMs = nowMs
    else if (nowMs - attempt.waitingSinceMs >= this.#settings.limits.responseIdleMs) {
      attempt.connection.abandon()
      this.#fail(attempt, 'failed', 'it stopped in the middle of its answer')
    }
  }

  /** A hung instance: R1 lets what it may have done be done again, where another is there at once. */
  #giveUp(attempt: Attempt, nowMs: number): void {
    const why = 'no answer in time'
    attempt.connection.abandon()
    const verdict = this.#judge(attempt, 'failed', why, nowMs)
    if (verdict === undefined) return
    const other = verdict.type === 'repeat' ? this.#attempts.pick(nowMs) : 'none'
    if (typeof other === 'string') {
      this.refuse(504, 'the instance did not answer in time')
      return
    }
    if (verdict.type === 'repeat' && verdict.charged) this.#settings.budget.withdraw(nowMs)
    this.#attempts.begin(other, nowMs)
  }

  /** An attempt ended without an answer: rule R1 says how it goes on. */
  #fail(attempt: Attempt, outcome: AttemptOutcome, why: string): void {
    if (!this.#attempts.has(attempt)) return
    const nowMs = this.#context.now()
    if (outcome === 'failed') this.#failed = [...this.#failed, attempt.entry]
    const verdict = this.#judge(attempt, outcome, why, nowMs)
    if (verdict !== undefined) this.#obey(verdict, attempt.entry, why, nowMs)
  }

  /** Takes the attempt off and asks R1; undefined when the other of the two goes on. */
  #judge(attempt: Attempt, outcome: AttemptOutcome, why: string, nowMs: number): AttemptVerdict | undefined {
    const { budget, limits } = this.#settings
    this.#attempts.fail(attempt, outcome, why, nowMs)
    this.#body.detach()
    if (this.#attempts.current !== undefined) return undefined
    if (this.#state !== 'passed') {
      this.#held.discard()
      this.#record.status = 0
      this.#record.bytesOut = 0
    }
    const { method } = this.#stream.head
    const fate = {
      progress: this.#state === 'passed' ? 'passed' : attempt.progress,
      notProcessed: outcome === 'not-processed',
    } as const
    this.#isByKey ||= !isRepeatable(method) && !hadNoEffect(fate)
    const verdict = decideAttemptEnd({
      ...fate,
      method,
      body: this.#body.kind,
      keyEnforced: this.#request.keyEnforced,
      confirmed: isGone(attempt.entry),
      attempts: this.#attempts.sent,
      maxAttempts: limits.attempts,
      budget: budget.balance(nowMs) >= 1 ? 'available' : 'empty',
      clientGone: false,
    })
    attempt.record.why = `${why}; ${verdict.type}`
    return verdict
  }

  #obey(verdict: AttemptVerdict, entry: RosterEntry, why: string, nowMs: number): void {
    switch (verdict.type) {
      case 'repeat':
        if (verdict.charged) this.#settings.budget.withdraw(nowMs)
        if (this.#awaitsWord(entry)) this.#wait({ entry, why, isAllowed: true }, nowMs)
        else this.#attemptOrPark(nowMs)
        break
      case 'wait':
        this.#wait({ entry, why, isAllowed: false }, nowMs)
        break
      case 'refuse':
        this.refuse(502, `the instance failed: ${why}`)
        break
      case 'reset':
        this.cut()
        break
    }
  }

  #end(attempt: Attempt, outcome: AttemptOutcome, why: string, nowMs: number): void {
    this.#attempts.end(attempt, outcome, why, nowMs)
    this.#body.detach()
  }

  #complete(attempt: Attempt, trailers: readonly string[]): void {
    const nowMs = this.#context.now()
    const { entry, record } = attempt
    entry.tally.observe(this.#record.status, this.#streams ? undefined : nowMs - record.startedMs)
    this.#end(attempt, 'answered', '', nowMs)
    this.#held.end(trailers)
    this.#finish('answered', nowMs)
  }

  // Fields of our own

  #extraFields(attempt: Attempt): readonly string[] {
    const trace = this.#traceField()
    return this.#settings.reveal ? [instanceHeader, attempt.entry.upstream.id, ...trace] : trace
  }

  #traceField(): readonly string[] {
    return this.#request.explains ? [traceHeader, explain(this.#record, this.#context.now())] : none
  }

  // The end

  #move(to: ExchangeState): void {
    this.#state = move(this.#state, to)
  }

  /** Nobody waits for the answer any more. */
  #abandon(end: ExchangeEnd): void {
    const nowMs = this.#context.now()
    this.#context.parking.leave(this)
    this.#held.discard()
    for (const attempt of this.#attempts.all()) {
      this.#end(attempt, 'abandoned', '', nowMs)
      attempt.connection.abandon()
    }
    this.#finish(end, nowMs)
  }

  #finish(end: ExchangeEnd, nowMs: number): void {
    const { counts } = this.#context
    this.#move('over')
    counts.requests++
    if (end === 'refused' || end === 'reset') counts.failed++
    clearTimeout(this.#hedgeTimer)
    this.#events?.close()
    this.#context.active.remove(this)
    this.#body.discard()
    this.#record.endedMs = nowMs
    this.#record.end = end
    this.#context.observe(this.#record)
  }
}

function createRecord(stream: ClientStream, identity: RequestIdentity, startedMs: number): ExchangeRecord {
  const { client, head } = stream
  return {
    requestId: identity.requestId,
    traceId: identity.traceId,
    method: head.method,
    target: head.target,
    version: head.version,
    remoteAddress: client.remoteAddress,
    startedMs,
    endedMs: 0,
    queueMs: 0,
    status: 0,
    bytesOut: 0,
    end: 'answered',
    why: '',
    attempts: [],
  }
}

/** Whether the response carries the word that only our instances know. */
function isMarked(head: ResponseHead, marker: string | undefined): boolean {
  return marker !== undefined && fieldValue(head.rawHeaders, notProcessedHeader) === marker
}

/** The supervisor has taken it off the list: its process has ended. One that drains, or has said that it leaves, still lives. */
function isGone(entry: RosterEntry): boolean {
  return !entry.listed
}
