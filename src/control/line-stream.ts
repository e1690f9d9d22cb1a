// The server's side of an answer of many lines, told as they happen: one line of JSON each. A blank line now and then says that
// the fleet is alive though nothing happens.
import type { ServerResponse } from 'node:http'

export const linesType = 'application/x-ndjson'
/** How often a blank line is written; the other side gives up after a few of them have not come. */
export const heartbeatMs = 5_000
/** What may wait for a reader that stands still (R7); what happens meanwhile is not told to it. */
const maxWaitingBytes = 1024 * 1024

export class LineStream {
  readonly #response: ServerResponse
  readonly #gone = new AbortController()
  readonly #heartbeat: NodeJS.Timeout

  constructor(response: ServerResponse) {
    this.#response = response
    this.#heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) this.#write('\n')
    }, heartbeatMs)
    response.once('close', () => {
      clearInterval(this.#heartbeat)
      this.#gone.abort()
    })
  }

  /** Aborted when nobody is there to read any more. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Whether a line was written, so that an error can only be one more line. */
  get isBegun(): boolean {
    return this.#response.headersSent
  }

  /** Never waits. A reader that stands still misses what is too much for it. */
  tell(line: object): void {
    if (this.#response.writableLength < maxWaitingBytes) this.#write(`${JSON.stringify(line)}\n`)
  }

  /** Resolves when there is room for the next line, or nobody is there any more. */
  async tellSlowly(line: object): Promise<void> {
    if (this.#write(`${JSON.stringify(line)}\n`) || this.gone.aborted) return
    await new Promise<void>((resolve) => {
      const go = () => {
        this.#response.off('drain', go).off('close', go)
        resolve()
      }
      this.#response.on('drain', go).on('close', go)
    })
  }

  /** The last line, which no reader misses. */
  end(line?: object): void {
    clearInterval(this.#heartbeat)
    if (line !== undefined) this.#write(`${JSON.stringify(line)}\n`)
    else this.#begin()
    this.#response.end()
  }

  #write(text: string): boolean {
    if (this.#response.destroyed || this.#response.writableEnded) return true
    this.#begin()
    return this.#response.write(text)
  }

  #begin(): void {
    if (this.#response.headersSent || this.#response.destroyed) return
    this.#response.writeHead(200, { 'content-type': linesType, connection: 'close' })
  }
}
