// Writes lines without ever waiting for whoever reads them: were the supervisor held up by Ctrl-S or an idle `| less`, it
// could restart nothing. What a paused reader leaves no room for is dropped, counted, and told when reading goes on.
import type { Writable } from 'node:stream'
import { WriteStream } from 'node:tty'
import { counted } from '../base/counted.ts'

/** What may wait for the reader (R7), as the stream counts it: bytes or characters. One that follows never gets near. */
export const maxWaiting: number = 1024 * 1024

export class LineWriter {
  readonly #stream: Writable
  #dropped = 0

  constructor(stream: Writable) {
    this.#stream = stream
    if (stream instanceof WriteStream) stopBlocking(stream)
    // Without a listener a closed pipe or terminal would end the process, in the middle of a stop if need be. Nobody is
    // left to be told: the reader is what went away.
    stream.on('error', () => undefined)
    stream.on('drain', () => {
      this.#tellDropped()
    })
  }

  /** Once a line was dropped, so are those that follow, until all that waits was read: a gap is in one place, and marked. */
  write(line: string): void {
    if (this.#dropped > 0 || this.#stream.writableLength > maxWaiting) this.#dropped += 1
    else this.#stream.write(`${line}\n`)
  }

  /** Resolves when everything written was taken, however long that takes; to false when nobody is there to take it. */
  async taken(): Promise<boolean> {
    const stream = this.#stream
    if (stream.writableLength === 0 || stream.destroyed) return !stream.destroyed
    await new Promise<void>((resolve) => {
      stream.write('', () => {
        resolve()
      })
    })
    return !stream.destroyed
  }

  /** Resolves when everything written has left this process, or can not any more, at the latest after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#stream.write('', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const lines = counted(this.#dropped, 'line')
    this.#dropped = 0
    this.write(`… ${lines} dropped here: nobody was reading`)
  }
}

/**
 * Pipes wait in memory, but Node sets terminals to block and has no public call to undo that. Should the handle change
 * one day, terminals block again and nothing else. Node opens the terminal anew for itself, so nobody else's descriptor
 * is changed.
 */
function stopBlocking(terminal: WriteStream): void {
  const handle: unknown = Reflect.get(terminal, '_handle')
  if (isBlockable(handle)) handle.setBlocking(false)
}

function isBlockable(handle: unknown): handle is { setBlocking(isBlocking: boolean): void } {
  return (
    handle !== null &&
    typeof handle === 'object' &&
    'setBlocking' in handle &&
    typeof handle.setBlocking === 'function'
  )
}
