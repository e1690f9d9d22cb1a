// An answer of server-sent events whose instance leaves: it goes on to the end of an event, and ends there.
import type { ResponseHead } from '../upstream/response-reader.ts'
import { EventStreamFollower } from './event-stream.ts'

export interface EventStreamOwner {
  /** The body may end here, between two events. */
  endStream(): void
  /** The event under way was not complete in time. */
  cut(): void
}

/** Follows a body from its first byte. */
export class EventStreamEnd {
  readonly #events = new EventStreamFollower()
  readonly #owner: EventStreamOwner
  #timer: NodeJS.Timeout | undefined
  #leavesAtMs = Infinity
  #leaving = false

  private constructor(owner: EventStreamOwner) {
    this.#owner = owner
  }

  /** For the body of `head`; undefined when it is none of events, or cannot be followed or ended early. */
  static of(head: ResponseHead, owner: EventStreamOwner): EventStreamEnd | undefined {
    if (head.flow !== 'events' || head.status !== 200) return undefined
    for (let index = 0; index < head.rawHeaders.length; index += 2) {
      const name = (head.rawHeaders[index] ?? '').toLowerCase()
      if (name === 'content-length') return undefined
      if (name === 'content-encoding' && head.rawHeaders[index + 1]?.toLowerCase() !== 'identity')
        return undefined
    }
    return new EventStreamEnd(owner)
  }

  /** It was told to leave. */
  get isLeaving(): boolean {
    return this.#leavesAtMs !== Infinity
  }

  /** Ends after `delayMs`, or sooner where an earlier call said so; an event under way has `closeMs` more. */
  leave(nowMs: number, delayMs: number, closeMs: number): void {
    if (this.#leaving || nowMs + delayMs >= this.#leavesAtMs) return
    this.#leavesAtMs = nowMs + delayMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#leaveNow(closeMs)
    }, delayMs)
  }

  /** What of `chunk` is still to be passed: all of it, or less, and then the body ends. */
  follow(chunk: Buffer): Buffer {
    if (!this.#leaving) {
      this.#events.follow(chunk)
      return chunk
    }
    const end = this.#events.findEnd(chunk)
    return end === -1 ? chunk : chunk.subarray(0, end)
  }

  /** After `follow`: the body ends here. */
  get mayEnd(): boolean {
    return this.#leaving && this.#events.atEventEnd
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #leaveNow(closeMs: number): void {
    this.#leaving = true
    if (this.#events.atEventEnd) {
      this.#owner.endStream()
      return
    }
    this.#timer = setTimeout(() => {
      this.#owner.cut()
    }, closeMs)
  }
}
