// Holds a node:http response until its key is settled (R2), and gives what it holds to whoever settles it.
import type { ServerResponse } from 'node:http'
import type { AppResponse } from '../../idempotency/response.ts'
import { errorAnswer } from '../error-answer.ts'
import { applyWriteHead, lockHead, refuseChange } from '../response-head.ts'
import type { StatusLine } from '../response-head.ts'
import { answerInstead, originalsOf } from '../response-methods.ts'
import type { Originals } from '../response-methods.ts'

/** What is done with the answer. */
export interface ResponseCaptureOptions {
  /** A body up to so many bytes is held; a larger one, and an event stream, is told of without its body and then streams. */
  readonly maxBytes: number
  /** Before the first byte leaves. A rejection means that the answer must not leave: an error is answered in its place. */
  readonly settle: (response: AppResponse) => Promise<void>
  /** Told why an answer was replaced. */
  readonly report: (error: unknown) => void
}

/**
 * Captures the answer that the app gives on `res`, which has not begun. What stands before it, such as the gate of sessions,
 * comes after it with the answer: cookies that a session adds are not part of what is captured.
 */
export function captureResponse(res: ServerResponse, options: ResponseCaptureOptions): void {
  const capture = new Capture(res, options)
  Object.assign(res, {
    writeHead: (...args: readonly unknown[]) => capture.writeHead(args),
    flushHeaders: () => capture.flushHeaders(),
    write: (...args: readonly unknown[]) => capture.write(args),
    end: (...args: readonly unknown[]) => capture.end(args),
  })
}

/** capturing: all is held · settling: whole, or too large to hold, and being told of · open: calls pass · refused: calls are dropped */
type CaptureState = 'capturing' | 'settling' | 'open' | 'refused'

class Capture {
  readonly #res: ServerResponse
  readonly #options: ResponseCaptureOptions
  readonly #original: Originals
  #state: CaptureState = 'capturing'
  #unlockHead: (() => void) | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #isEnded = false
  #callbacks: ((error?: unknown) => void)[] = []
  /** Our own answer is being written, in which one method of a response may call another, as HTTP/2's `end` does `write`. */
  #isAnswering = false

  constructor(res: ServerResponse, options: ResponseCaptureOptions) {
    this.#res = res
    this.#options = options
    this.#original = originalsOf(res)
  }

  writeHead(args: readonly unknown[]): unknown {
    if (this.#passes()) return this.#original.writeHead(...args)
    if (this.#unlockHead !== undefined) return refuseChange()
    this.#beginHead(applyWriteHead(this.#res, args))
    return this.#res
  }

  /** Who sends the head ahead wants it to arrive: a stream. */
  flushHeaders(): unknown {
    if (this.#passes()) return this.#original.flushHeaders()
    this.#beginHead()
    if (this.#state === 'capturing') this.#settle(undefined)
    return undefined
  }

  write(args: readonly unknown[]): unknown {
    if (this.#passes()) return this.#original.write(...args)
    this.#beginHead()
    this.#hold(args)
    if (this.#state === 'capturing' && (this.#bytes > this.#options.maxBytes || this.#isEventStream())) {
      this.#settle(undefined)
    }
    return this.#state === 'capturing' || this.#hidesDrain()
  }

  end(args: readonly unknown[]): unknown {
    if (this.#passes()) return this.#original.end(...args)
    if (this.#isEnded) return this.#res
    this.#beginHead()
    this.#hold(args)
    this.#isEnded = true
    if (this.#state !== 'capturing') return this.#res
    const isTooLarge = this.#bytes > this.#options.maxBytes
    this.#settle(isTooLarge ? undefined : this.#joined())
    return this.#res
  }

  /**
   * Whether somebody else decides who hears of a drain, as compression does with an `on` of its own: ours would reach nobody, so
   * writers are not told to pause. They are held for as long as the store takes, and no longer.
   */
  #hidesDrain(): boolean {
    return Object.hasOwn(this.#res, 'on')
  }

  #passes(): boolean {
    return this.#state === 'open' || this.#isAnswering
  }

  #beginHead(line?: StatusLine): void {
    this.#unlockHead ??= lockHead(this.#res, line, () => this.#isEnded)
  }

  #hold(args: readonly unknown[]): void {
    const callback = args.findLast(isCallback)
    if (this.#state === 'refused') {
      if (callback !== undefined) process.nextTick(callback, answerReplaced())
      return
    }
    const [chunk, encoding] = args
    const bytes = bytesOf(chunk, encoding)
    if (bytes !== undefined) {
      this.#chunks.push(bytes)
      this.#bytes += bytes.byteLength
    }
    if (callback !== undefined) this.#callbacks.push(callback)
    // Nobody waits for the drain of what only memory holds.
    if (this.#state === 'capturing' && !this.#isEnded) this.#tellHeld(undefined)
  }

  /** All that is held, in one piece from now on. */
  #joined(): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && this.#chunks.length === 1) return first
    const body = Buffer.concat(this.#chunks)
    this.#chunks = [body]
    return body
  }

  #isEventStream(): boolean {
    return String(this.#res.getHeader('content-type')).startsWith('text/event-stream')
  }

  #settle(body: Uint8Array | undefined): void {
    this.#state = 'settling'
    const response = { status: this.#res.statusCode, headers: headersOf(this.#res), body }
    this.#options.settle(response).then(
      () => this.#release(),
      (error: unknown) => this.#refuse(error),
    )
  }

  #release(): void {
    this.#unlockHead?.()
    this.#state = 'open'
    const [body, callbacks] = [this.#joined(), this.#callbacks]
    this.#chunks = []
    this.#callbacks = []
    // Their chunks are sent in one piece. Not every middleware's `write` and `end` take a callback.
    this.#res.once('close', () => {
      for (const callback of callbacks) callback()
    })
    if (this.#isEnded) {
      if (body.byteLength > 0) this.#original.end(body)
      else this.#original.end()
      return
    }
    if (body.byteLength === 0) this.#original.flushHeaders()
    const flows = body.byteLength === 0 || this.#original.write(body)
    // Node emits its own 'drain' when its buffer is full; otherwise the paused writer waits for ours.
    if (flows !== false) this.#res.emit('drain')
  }

  #refuse(error: unknown): void {
    this.#unlockHead?.()
    this.#state = 'refused'
    this.#chunks = []
    this.#tellHeld(answerReplaced())
    this.#isAnswering = true
    answerInstead(this.#res, this.#original, errorAnswer(error))
    this.#isAnswering = false
    this.#options.report(error)
  }

  #tellHeld(error: unknown): void {
    for (const callback of this.#callbacks) process.nextTick(callback, error)
    this.#callbacks = []
  }
}

function headersOf(res: ServerResponse): readonly (readonly [string, string])[] {
  return Object.entries(res.getHeaders()).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value]
    return values.map((one) => [name, String(one)] as const)
  })
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8')
  }
  // A copy: its owner may use the memory again once it was told that the chunk is written.
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined
}

function isCallback(value: unknown): value is (error?: unknown) => void {
  return typeof value === 'function'
}

function answerReplaced(): Error {
  return new Error(
    'Cannot write response: its idempotency key could not be settled, and an error was answered instead',
  )
}
