// Clients that each send the next request as soon as they have an answer, on connections kept alive; what happens to
// each request is told apart: answered, never accepted, or accepted and not answered.
import { connect, type Socket } from 'node:net'

const requestText = 'GET /api/cart HTTP/1.1\r\nHost: shop\r\n\r\n'

export class ClosedLoop {
  answered = 0
  /** Connections that nobody accepted: refused, or reset in the queue of a listener that closed. */
  refused = 0
  /** Requests that went out on an accepted connection and came to nothing. */
  readonly failures: string[] = []
  /** Resolves when no client can connect any more. */
  readonly ended: Promise<unknown>
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #closed = false

  constructor(url: string, clients: number) {
    this.#port = Number(new URL(url).port)
    this.ended = Promise.all(Array.from({ length: clients }, () => this.#runClient()))
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connects again and again until refused. */
  async #runClient(): Promise<void> {
    while (!this.#closed && (await this.#runConnection()));
  }

  /** False when the connection was refused. */
  #runConnection(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port })
      this.#sockets.add(socket)
      let received = ''
      let waiting = false
      let accepted = false
      let failed = false
      const send = () => {
        waiting = true
        socket.write(requestText)
      }
      socket.setEncoding('latin1')
      socket.once('connect', send)
      socket.on('data', (chunk: string) => {
        accepted = true
        received += chunk
        if (!isWhole(received)) return
        waiting = false
        if (received.startsWith('HTTP/1.1 200')) this.answered++
        else this.failures.push(received.slice(0, 200))
        const last = /^connection: close\r$/im.test(received)
        received = ''
        if (last) socket.end()
        else send()
      })
      socket.on('error', () => (failed = true))
      socket.once('close', () => {
        this.#sockets.delete(socket)
        const unanswered = waiting && !this.#closed
        // An error before any answer means the connection was still in the queue; an orderly end means it was accepted.
        if (unanswered && (accepted || !failed)) this.failures.push(`ended after ${JSON.stringify(received)}`)
        if (!accepted && failed) this.refused++
        resolve(accepted && !this.#closed)
      })
    })
  }
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1]
  return headEnd !== -1 && length !== undefined && text.length >= headEnd + 4 + Number(length)
}
