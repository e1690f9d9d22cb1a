// Reads a body in chunks (RFC 9112 section 7.1), strictly. Extensions are dropped; they and the trailers are bounded.
import { checkLineEnds, readHeaderSection } from './header-section.ts'
import { MalformedMessage } from './malformed.ts'

type State = 'size' | 'data' | 'data-end' | 'trailers'

// A size beyond 12 hex digits could not be counted exactly; an extension is bounded by the line's length. Instances pad
// sizes with blanks; of clients, whose bytes others read too, only the grammar without its optional blanks is taken.
const laxSizeLine = /^([\da-fA-F]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const token = "[!#$%&'*+\\-.^_`|~\\dA-Za-z]+"
const strictSizeLine = new RegExp(
  `^([\\da-fA-F]{1,12})(?:;${token}(?:=(?:${token}|"(?:[\\t\\x20!#-[\\]-~]|\\\\[\\t\\x20-\\x7e])*"))?)*$`,
)
const maxLineBytes = 4_096
/** All size lines beyond what the sizes themselves need; tiny chunks with long extensions are an attack. */
const maxExtensionBytes = 64 * 1024
const lineEnd = Buffer.from('\r\n')
const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

export interface ChunkListener {
  onData(chunk: Buffer): void
}

export class ChunkedReader {
  readonly #trailerBytes: number
  readonly #sizeLine: RegExp
  #state: State = 'size'
  #remaining = 0
  #extensionBytes = 0
  #trailers: readonly string[] = []

  /** `trailerBytes`: how long the trailer section may be. */
  constructor(trailerBytes: number, from: 'client' | 'instance') {
    this.#trailerBytes = trailerBytes
    this.#sizeLine = from === 'client' ? strictSizeLine : laxSizeLine
  }

  get trailers(): readonly string[] {
    return this.#trailers
  }

  /** Begins another body. */
  restart(): void {
    this.#state = 'size'
    this.#extensionBytes = 0
    this.#trailers = []
  }

  /**
   * One step: the bytes it left, 'more' when it needs more than `input` to go on, or what lies behind the body's end.
   * Throws MalformedMessage.
   */
  step(input: Buffer, listener: ChunkListener): Buffer | 'more' | { readonly rest: Buffer } {
    switch (this.#state) {
      case 'size':
        return this.#readSize(input)
      case 'data':
        return this.#readData(input, listener)
      case 'data-end':
        return this.#readDataEnd(input)
      case 'trailers':
        return this.#readTrailers(input)
    }
  }

  #readSize(input: Buffer): Buffer | 'more' {
    const end = input.indexOf(lineEnd)
    if (end > maxLineBytes || (end === -1 && input.length > maxLineBytes))
      throw new MalformedMessage('a chunk size line too long')
    if (end === -1) return partial(input)
    const match = this.#sizeLine.exec(input.toString('latin1', 0, end))
    if (match === null) throw new MalformedMessage('a chunk size that is not hexadecimal')
    const size = match[1] ?? ''
    this.#extensionBytes += end - size.length
    if (this.#extensionBytes > maxExtensionBytes) throw new MalformedMessage('chunk extensions too long')
    this.#remaining = Number.parseInt(size, 16)
    this.#state = this.#remaining === 0 ? 'trailers' : 'data'
    return input.subarray(end + 2)
  }

  #readData(input: Buffer, listener: ChunkListener): Buffer {
    const chunk = input.length > this.#remaining ? input.subarray(0, this.#remaining) : input
    this.#remaining -= chunk.length
    if (this.#remaining === 0) this.#state = 'data-end'
    listener.onData(chunk)
    return input.length === chunk.length ? nothing : input.subarray(chunk.length)
  }

  #readDataEnd(input: Buffer): Buffer | 'more' {
    if (input[0] !== 13 || (input.length > 1 && input[1] !== 10))
      throw new MalformedMessage('a chunk longer than its size')
    if (input.length < 2) return 'more'
    this.#state = 'size'
    return input.subarray(2)
  }

  #readTrailers(input: Buffer): 'more' | { readonly rest: Buffer } {
    if (input.length >= 2 && input[0] === 13 && input[1] === 10) return { rest: input.subarray(2) }
    const end = input.indexOf(headEnd)
    if (end > this.#trailerBytes || (end === -1 && input.length > this.#trailerBytes))
      throw new MalformedMessage('trailers too large')
    if (end === -1) return partial(input)
    this.#trailers = readHeaderSection(input.toString('latin1', 0, end + 2), 0)
    return { rest: input.subarray(end + 4) }
  }
}

function partial(input: Buffer): 'more' {
  checkLineEnds(input, 0)
  return 'more'
}
