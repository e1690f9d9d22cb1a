// A reply on its way to the client: held while an attempt's death could still be repaired, then passed and streamed.
import type { ClientStream } from '../client/client-stream.ts'
import type { BalancerLimits } from '../limits.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

export class HeldResponse {
  readonly #stream: ClientStream
  readonly #limits: BalancerLimits
  readonly #onPass: () => void
  #head: ResponseHead | undefined
  #extraFields: readonly string[] = []
  #chunks: Buffer[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #passed = false

  /** `onPass` is called when the first byte goes to the client: from then on nothing can be repeated. */
  constructor(stream: ClientStream, limits: BalancerLimits, onPass: () => void) {
    this.#stream = stream
    this.#limits = limits
    this.#onPass = onPass
  }

  begin(head: ResponseHead, extraFields: readonly string[]): void {
    this.#head = head
    this.#extraFields = extraFields
    if (head.flow !== undefined) this.pass()
  }

  /** False when the instance should pause until the client has taken what it was sent. */
  write(chunk: Buffer): boolean {
    if (this.#passed) return this.#stream.write(chunk)
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    return this.#bytes <= this.#limits.holdBytes || this.pass()
  }

  /** More is to come, but not yet: hold what is here for a moment only. */
  quiet(): void {
    if (this.#head === undefined || this.#passed) return
    this.#timer ??= setTimeout(() => {
      this.pass()
    }, this.#limits.holdTimeMs)
  }

  end(trailers: readonly string[]): void {
    this.#stopTimer()
    this.#passHeld()
    this.#stream.end(trailers)
  }

  /** Forgets the dead attempt's reply. Only while nothing was passed. */
  discard(): void {
    this.#stopTimer()
    this.#head = undefined
    this.#chunks = []
    this.#bytes = 0
  }

  /** Sends the head and what is held; answers like write. */
  pass(): boolean {
    this.#stopTimer()
    const ready = this.#passHeld()
    this.#stream.flush()
    return ready
  }

  #passHeld(): boolean {
    const head = this.#head
    if (this.#passed || head === undefined) return true
    this.#passed = true
    this.#onPass()
    this.#stream.respond(head, this.#extraFields)
    let ready = true
    for (const chunk of this.#chunks) ready = this.#stream.write(chunk)
    this.#chunks = []
    return ready
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
