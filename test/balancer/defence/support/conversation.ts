// One connection to a server: bytes are said, whole or in pieces, and what comes back is kept until the connection ends.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A server that neither answers nor closes is not waited for longer. */
const patienceMs = 10_000

export class Conversation {
  readonly #socket: Socket
  readonly #closed: Promise<void>
  #received = ''
  #over = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text
    })
    // A server that refuses may reset the connection behind its answer.
    socket.on('error', () => undefined)
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#over = true
        resolve()
      })
    })
  }

  /** `place`: a port on loopback, or the path of a socket. */
  static async open(place: number | string): Promise<Conversation> {
    const socket =
      typeof place === 'string'
        ? connect({ path: place })
        : connect({ host: '127.0.0.1', port: place, noDelay: true })
    const conversation = new Conversation(socket)
    await once(socket, 'connect')
    return conversation
  }

  get received(): string {
    return this.#received
  }

  get over(): boolean {
    return this.#over
  }

  say(bytes: string): void {
    this.#socket.write(bytes, 'latin1')
  }

  /** Says the bytes in so many pieces, giving the server time to read each; stops when it closes. */
  async sayInPieces(bytes: string, pieces: number): Promise<void> {
    const length = Math.max(1, Math.ceil(bytes.length / pieces))
    for (let from = 0; from < bytes.length && this.#socket.readable; from += length) {
      this.say(bytes.slice(from, from + length))
      await nextTurn()
      await nextTurn()
    }
  }

  /** Ends our side; the server may still answer. */
  halfClose(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** What was received when the server closed; rejects when it keeps the connection open. */
  async end(): Promise<string> {
    let patient = true
    const timer = setTimeout(() => {
      patient = false
      this.#socket.destroy()
    }, patienceMs)
    await this.#closed
    clearTimeout(timer)
    if (patient) return this.#received
    throw new Error(`the connection stays open after ${JSON.stringify(this.#received)}`)
  }
}
