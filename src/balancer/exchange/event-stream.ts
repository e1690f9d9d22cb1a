// Where events end in a body of text/event-stream, so that a stream can be ended between two of them: an event ends with a
// blank line, and a line with LF, CR or CRLF (WHATWG HTML section 9.2.5). The body must not be compressed.

const lf = 10
const cr = 13
/** The longest end of an event: CR LF CR LF. What a chunk says before its last bytes does not matter at its end. */
const longestEnd = 4

/** `text`: within a line; `start`: at the start of one; `blank`: a blank line has just ended. */
type Place = 'text' | 'start' | 'blank'

export class EventStreamFollower {
  #place: Place = 'blank'
  /** The last byte was a CR: an LF would still belong to its line end. */
  #afterCr = false
  /** The last byte was a CR that ended a blank line, in a stream whose line before did not end with CR alone. */
  #lfExpected = false

  /**
   * The last byte followed ended an event, or none came yet: the body may end here. After CR LF CR it may not: the LF is
   * about to come, and there are readers that wait for it.
   */
  get atEventEnd(): boolean {
    return this.#place === 'blank' && !this.#lfExpected
  }

  /** Follows all of `chunk`. */
  follow(chunk: Buffer): void {
    const from = Math.max(0, chunk.length - longestEnd)
    if (from > 0) this.#skip()
    for (let at = from; at < chunk.length; at++) this.#read(chunk[at] ?? 0)
  }

  /** Follows `chunk` to the first end of an event in it and answers the offset there; -1 when there is none. */
  findEnd(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.#lfExpected && byte !== lf) {
        this.#lfExpected = false
        return at
      }
      this.#read(byte)
      if (!this.atEventEnd) continue
      // CR CR LF: the LF belongs to what has ended.
      const swallows = this.#afterCr && chunk[at + 1] === lf
      if (swallows) this.#read(lf)
      return swallows ? at + 2 : at + 1
    }
    return -1
  }

  #skip(): void {
    this.#place = 'text'
    this.#afterCr = false
    this.#lfExpected = false
  }

  #read(byte: number): void {
    const afterCr = this.#afterCr
    this.#afterCr = byte === cr
    if (byte === lf && afterCr) {
      this.#lfExpected = false
      return
    }
    const isLineEnd = byte === lf || byte === cr
    const isBlank = isLineEnd && this.#place !== 'text'
    this.#lfExpected = isBlank && byte === cr && !afterCr
    this.#place = isBlank ? 'blank' : isLineEnd ? 'start' : 'text'
  }
}
