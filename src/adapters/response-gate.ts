// Holds the first byte of a node:http response until what it promises is saved (R2). Knows nothing of frameworks.
import type { ServerResponse } from 'node:http'
import { DroverError } from '../base/errors.ts'
import { errorAnswer } from './error-answer.ts'
import { addCookies, applyWriteHead, lockHead, makePrivate, refuseChange } from './response-head.ts'
import type { StatusLine } from './response-head.ts'
import { answerInstead, originalsOf } from './response-methods.ts'
import type { Method, Originals } from './response-methods.ts'

/** What stands behind the gate. */
export interface ResponseGuard {
  /** Whether `commit` has anything to do. Asked when the app begins its answer, and when it ends it. Never throws. */
  pending(): boolean
  /** Whether the answer may depend on what the guard keeps, so that no shared cache may store it. Never throws. */
  touched(): boolean
  /** Saves; gives the Set-Cookie lines to add. A rejection means that the answer must not leave. */
  commit(): Promise<readonly string[]>
  /** Told why an answer of the app was replaced or cut. */
  report(error: unknown): void
}

export interface ResponseGate {
  /** Whether the response head has left, so that nothing can be added to it. */
  headLeft(): boolean
}

/**
 * How much of an answer waits for a commit at most, in bytes: writers are told to pause (`write` returns false) from the
 * first held chunk on, so only one that does not listen gets here. One large chunk is fine: it is in memory anyway.
 */
export const maxHeldBytes = 1_048_576

/**
 * Puts a gate before `res`: with nothing pending, calls pass through; otherwise they wait in order for the commit, and
 * are then replayed, or replaced by an error answer. When something is pending again as a streamed answer ends, the end
 * waits for one more commit; if that fails the connection is cut, so that the answer is not taken for complete.
 */
export function gateResponse(res: ServerResponse, guard: ResponseGuard): ResponseGate {
  const gate = new Gate(res, guard)
  return { headLeft: () => gate.headLeft() }
}

interface HeldCall {
  readonly method: Method
  readonly args: readonly unknown[]
}

/** waiting: nothing begun · holding: commit before the first byte · closing: commit before the end · refused: replaced or cut */
type GateState = 'waiting' | 'holding' | 'flowing' | 'closing' | 'refused'
type GateEvent = 'begun' | 'not begun' | 'begun with changes' | 'ended with changes' | 'committed' | 'failed'

const moves: Readonly<Record<GateState, Partial<Record<GateEvent, GateState>>>> = {
  waiting: { begun: 'flowing', 'begun with changes': 'holding' },
  holding: { committed: 'flowing', failed: 'refused' },
  flowing: { 'not begun': 'waiting', 'ended with changes': 'closing', failed: 'refused' },
  closing: { committed: 'flowing', failed: 'refused' },
  refused: {},
}

class Gate {
  readonly #res: ServerResponse
  readonly #guard: ResponseGuard
  readonly #original: Originals
  #state: GateState
  #held: HeldCall[] = []
  #heldBytes = 0
  #isEnded = false
  #owesDrain = false
  /** Our own answer is being written, in which one method of a response may call another, as HTTP/2's `end` does `write`. */
  #isAnswering = false
  #overflow: DroverError | undefined
  #unlockHead: () => void = () => undefined

  constructor(res: ServerResponse, guard: ResponseGuard) {
    this.#res = res
    this.#guard = guard
    this.#state = res.headersSent ? 'flowing' : 'waiting'
    this.#original = originalsOf(res)
    Object.assign(res, {
      writeHead: (...args: unknown[]) => this.#call({ method: 'writeHead', args }),
      flushHeaders: (...args: unknown[]) => this.#call({ method: 'flushHeaders', args }),
      write: (...args: unknown[]) => this.#call({ method: 'write', args }),
      end: (...args: unknown[]) => this.#call({ method: 'end', args }),
    })
  }

  headLeft(): boolean {
    return this.#state !== 'waiting' && this.#state !== 'holding'
  }

  #move(event: GateEvent): void {
    const next = moves[this.#state][event]
    if (next === undefined) throw new Error(`Cannot take "${event}" in a response gate: it is ${this.#state}`)
    this.#state = next
  }

  #call(call: HeldCall): unknown {
    if (this.#isAnswering) return this.#pass(call)
    if (this.#state === 'waiting') return this.#begin(call)
    if (this.#state === 'refused') return this.#drop(call)
    if (this.#state !== 'flowing') return this.#hold(call)
    if (call.method !== 'end' || this.#isEnded) return this.#pass(call)
    this.#isEnded = true
    if (!this.#guard.pending()) return this.#pass(call)
    this.#move('ended with changes')
    void this.#settle()
    return this.#hold(call)
  }

  #begin(call: HeldCall): unknown {
    if (!this.#guard.pending()) return this.#beginFreely(call)
    // Headers given to writeHead are set now, so that a bad one throws here as Node would, and none replaces our cookie.
    const head = call.method === 'writeHead' ? applyWriteHead(this.#res, call.args) : undefined
    this.#move('begun with changes')
    this.#unlockHead = lockHead(this.#res, head, () => this.#isEnded)
    void this.#settle()
    if (head === undefined) return this.#hold(call)
    this.#held.push(writeHeadOf(head))
    return this.#res
  }

  /** Nothing to save: the call goes through, with the headers that keep a session's answer out of shared caches. */
  #beginFreely(call: HeldCall): unknown {
    this.#move('begun')
    this.#isEnded = call.method === 'end'
    try {
      if (!this.#guard.touched()) return this.#pass(call)
      const head = call.method === 'writeHead' ? applyWriteHead(this.#res, call.args) : undefined
      makePrivate(this.#res, false)
      return this.#pass(head === undefined ? call : writeHeadOf(head))
    } catch (error) {
      // A head that Node refused is none: the answer that the app gives instead can still wait for a commit.
      this.#isEnded = false
      if (!this.#res.headersSent) this.#move('not begun')
      throw error
    }
  }

  #pass(call: HeldCall): unknown {
    return this.#original[call.method](...call.args)
  }

  #hold(call: HeldCall): unknown {
    if (call.method === 'writeHead') return refuseChange()
    const bytes = chunkBytes(call.args[0])
    if (bytes > 0 && this.#heldBytes >= maxHeldBytes) this.#overflow ??= bufferFull()
    if (this.#overflow !== undefined) return this.#drop(call)
    this.#held.push(call)
    this.#heldBytes += bytes
    if (call.method === 'end') this.#isEnded = true
    if (call.method === 'write') this.#owesDrain = true
    return call.method === 'write' ? false : this.#res
  }

  async #settle(): Promise<void> {
    try {
      const cookies = [...(await this.#guard.commit())]
      // What changed between a held first byte and a held end is part of the answer too.
      if (this.#isEnded && this.#guard.pending()) cookies.push(...(await this.#guard.commit()))
      if (this.#overflow !== undefined) throw this.#overflow
      this.#release(cookies)
    } catch (error) {
      this.#fail(error)
    }
  }

  #release(cookies: readonly string[]): void {
    this.#unlockHead()
    if (this.#state === 'holding') {
      addCookies(this.#res, cookies)
      if (cookies.length > 0 || this.#guard.touched()) makePrivate(this.#res, cookies.length > 0)
    }
    this.#move('committed')
    const results = this.#takeHeld().map((call) => this.#pass(call))
    // Node emits its own 'drain' when its buffer filled up in the replay; otherwise the paused writer waits for ours.
    if (this.#owesDrain && !this.#isEnded && results.at(-1) !== false) this.#res.emit('drain')
    this.#owesDrain = false
  }

  #fail(error: unknown): void {
    this.#unlockHead()
    this.#move('failed')
    for (const call of this.#takeHeld()) this.#drop(call, error)
    if (this.#res.headersSent) this.#res.destroy()
    else this.#answer(error)
    this.#guard.report(error)
  }

  #answer(error: unknown): void {
    this.#isAnswering = true
    answerInstead(this.#res, this.#original, errorAnswer(error))
    this.#isAnswering = false
  }

  #takeHeld(): readonly HeldCall[] {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  #drop(call: HeldCall, reason: unknown = this.#overflow ?? answerReplaced()): unknown {
    const callback = call.args.findLast((value) => typeof value === 'function')
    if (callback !== undefined) process.nextTick(callback, reason)
    return call.method === 'write' ? this.#state === 'refused' : this.#res
  }
}

function writeHeadOf({ status, message }: StatusLine): HeldCall {
  return { method: 'writeHead', args: message === undefined ? [status] : [status, message] }
}

function chunkBytes(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk)
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

function bufferFull(): DroverError {
  return new DroverError(
    'RESPONSE_BUFFER_FULL',
    `Cannot hold more of the response: wanted at most ${maxHeldBytes} bytes until its session is saved; stop writing when write() returns false`,
  )
}

function answerReplaced(): Error {
  return new Error('Cannot write response: its session could not be saved, and an error was answered instead')
}
