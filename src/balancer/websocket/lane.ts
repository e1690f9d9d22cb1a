// One direction of a WebSocket: passes bytes on as they come and, once asked, puts a Close of our own where a frame ends
// and lets nothing after it (RFC 6455 section 5.5.1).
import { FrameFollower } from './frame-follower.ts'

/** What a Close waits for: the end of a message, so that none is cut in half, or of a frame. */
export type CloseAt = 'message' | 'frame'

export class Lane {
  readonly #frames = new FrameFollower()
  readonly #write: (bytes: Buffer) => boolean
  readonly #closeFrame: () => Buffer
  #closeAt: CloseAt | undefined
  #injected = false

  /** `write` answers false when the sender should pause. */
  constructor(write: (bytes: Buffer) => boolean, closeFrame: () => Buffer) {
    this.#write = write
    this.#closeFrame = closeFrame
  }

  /** The sender has said Close. */
  get sawClose(): boolean {
    return this.#frames.sawClose
  }

  /** The receiver has been given a Close, the sender's or ours. */
  get closed(): boolean {
    return this.#injected || this.#frames.sawClose
  }

  /** False when the sender should pause. What comes after our Close is read and dropped. */
  pass(chunk: Buffer): boolean {
    if (this.#closeAt !== undefined && !this.#injected) return this.#passUntilClose(chunk)
    this.#frames.follow(chunk)
    return this.#injected || this.#write(chunk)
  }

  /** Puts our Close at the next place that is fit; a sender that closes before needs none. */
  close(at: CloseAt): void {
    this.#closeAt = at
    if (this.#isPlace()) this.#inject()
  }

  #passUntilClose(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      at = this.#frames.advance(chunk, at)
      if (!this.#isPlace()) continue
      this.#write(chunk.subarray(0, at))
      this.#inject()
      this.#frames.follow(chunk.subarray(at))
      return true
    }
    return this.#write(chunk)
  }

  #isPlace(): boolean {
    if (this.closed || !this.#frames.atFrameBoundary) return false
    return this.#closeAt === 'frame' || !this.#frames.inFragmentedMessage
  }

  #inject(): void {
    this.#injected = true
    this.#write(this.#closeFrame())
  }
}
