// One client connection that is asked over again: one question at a time, and its answer read to the end.
import { connect, type Socket } from 'node:net'

/** Looks at all that came since the question: is it the whole answer? Throws where it is not the one wanted. */
export type IsWhole = (received: Buffer) => boolean

export class Line {
  readonly #socket: Socket
  #end: Error | undefined
  #received: Buffer = Buffer.alloc(0)
  #pending: { readonly isWhole: IsWhole; readonly answer: PromiseWithResolvers<void> } | undefined

  /** Rejects when nobody accepts on this loopback port. */
  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Line(socket))
      })
    })
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk)
    })
    socket.on('error', (error) => {
      this.#fail(error)
    })
    socket.on('close', () => {
      this.#fail(new Error('the connection was closed'))
    })
  }

  /** Resolves when the whole answer is here; rejects when it is another one, or the connection ended. */
  ask(question: Buffer, isWhole: IsWhole): Promise<void> {
    const answer = Promise.withResolvers<void>()
    if (this.#end !== undefined) return Promise.reject(this.#end)
    this.#pending = { isWhole, answer }
    this.#socket.write(question)
    return answer.promise
  }

  /** Resets it, so that no port of this machine waits for its last packets. */
  close(): void {
    this.#socket.resetAndDestroy()
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const pending = this.#pending
    if (pending === undefined) return
    try {
      if (!pending.isWhole(this.#received)) return
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#received = Buffer.alloc(0)
    this.#pending = undefined
    pending.answer.resolve()
  }

  #fail(error: Error): void {
    this.#end ??= error
    this.#pending?.answer.reject(this.#end)
    this.#pending = undefined
  }
}

/** A request for `path` that keeps its connection. */
export function getRequest(path: string, port: number): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
}

const headEnd = Buffer.from('\r\n\r\n')

/** A 200 with a body of stated length, all of it here. */
export function isWholeResponse(received: Buffer): boolean {
  const end = received.indexOf(headEnd)
  if (end < 0) return false
  const head = received.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) {
    throw new Error(`wanted 200 with a content-length, got ${JSON.stringify(head.slice(0, 200))}`)
  }
  return received.length >= end + headEnd.length + Number(length)
}
