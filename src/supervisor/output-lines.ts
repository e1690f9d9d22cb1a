// Cuts a byte stream into lines of bounded length.
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A longer line is passed on in pieces of this many characters (R7). */
export const maxLineLength = 16_384

export class OutputLines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #partial = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(chunk: Buffer): void {
    const lines = (this.#partial + this.#decoder.write(chunk)).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#partial.length > maxLineLength) {
      this.#onLine(this.#partial.slice(0, maxLineLength))
      this.#partial = this.#partial.slice(maxLineLength)
    }
  }

  /** Passes on a last line that had no newline. */
  end(): void {
    const rest = this.#partial + this.#decoder.end()
    this.#partial = ''
    if (rest !== '') this.#emit(rest)
  }

  #emit(line: string): void {
    for (let start = 0; start === 0 || start < line.length; start += maxLineLength) {
      this.#onLine(line.slice(start, start + maxLineLength))
    }
  }
}

/** Passes on each line of a process's output until it closes. */
export function forwardLines(stream: Readable | null, onLine: (line: string) => void): void {
  const lines = new OutputLines(onLine)
  stream?.on('data', (chunk: Buffer) => {
    lines.write(chunk)
  })
  // A failed read is the end of the output; how the process itself ended is told by its exit.
  stream?.on('error', () => undefined)
  stream?.once('close', () => {
    lines.end()
  })
}
