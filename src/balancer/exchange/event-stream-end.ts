// An answer of server-sent events whose instance leaves: it goes on to the end of an event, and ends there.
import type { ResponseHead } from '../upstream/response-reader.ts'
import { EventStreamFollower } from './event-stream.ts'

/** Follows a body from its first byte; after `leave` tells where it may end. */
export class EventStreamEnd {
  readonly #events = new EventStreamFollower()
  #leaving = false

  /** The body of `head`, or undefined when it is none of events, or cannot be followed or ended early. */
  static of(head: ResponseHead): EventStreamEnd | undefined {
    if (head.flow !== 'events' || head.status !== 200) return undefined
    for (let index = 0; index < head.rawHeaders.length; index += 2) {
      const name = (head.rawHeaders[index] ?? '').toLowerCase()
      if (name === 'content-length') return undefined
      if (name === 'content-encoding' && head.rawHeaders[index + 1]?.toLowerCase() !== 'identity')
        return undefined
    }
    return new EventStreamEnd()
  }

  get isLeaving(): boolean {
    return this.#leaving
  }

  /** True when the body may end at once. */
  leave(): boolean {
    this.#leaving = true
    return this.#events.atEventEnd
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

  /** After `follow` while leaving: the body ends here. */
  get mayEnd(): boolean {
    return this.#leaving && this.#events.atEventEnd
  }
}
