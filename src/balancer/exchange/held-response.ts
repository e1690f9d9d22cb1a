// A reply on its way to the client: held while an attempt's death could still be repaired, then passed and streamed.
import type { ServerResponse } from 'node:http'
import type { BalancerLimits } from '../limits.ts'
import { mustStream, responseFields, trailerFields } from '../client/response-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

const nothing = Buffer.alloc(0)

export class HeldResponse {
  readonly #response: ServerResponse
  readonly #limits: BalancerLimits
  readonly #onPass: () => void
  #head: ResponseHead | undefined
  #revealed: string | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #passed = false

  /** `onPass` is called when the first byte goes to the client: from then on nothing can be repeated. */
  constructor(response: ServerResponse, limits: BalancerLimits, onPass: () => void) {
    this.#response = response
    this.#limits = limits
    this.#onPass = onPass
  }

  begin(head: ResponseHead, revealed: string | undefined): void {
    this.#head = head
    this.#revealed = revealed
    if (mustStream(head)) this.pass()
  }

  /** False when the instance should pause until the client has taken what it was sent. */
  write(chunk: Buffer): boolean {
    if (this.#passed) return this.#response.write(chunk)
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
    const body = this.#chunks.length < 2 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    this.#writeHead()
    if (trailers.length > 0) this.#response.addTrailers(trailerFields(trailers))
    if (body === undefined) this.#response.end()
    else this.#response.end(body)
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
    if (!this.#writeHead()) return true
    let ready = true
    for (const chunk of this.#chunks) ready = this.#response.write(chunk)
    // Not flushHeaders: that writes latin1 field values as UTF-8.
    if (this.#chunks.length === 0) ready = this.#response.write(nothing)
    this.#chunks = []
    return ready
  }

  #writeHead(): boolean {
    const head = this.#head
    if (this.#passed || head === undefined) return false
    this.#response.writeHead(head.status, head.reason, responseFields(head, this.#revealed))
    this.#passed = true
    this.#onPass()
    return true
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
