// Requests that clients send without waiting for the answer before. They begin one after the other, so that a page asked
// for after a change shows the change, whichever instances serve them (RFC 9112 section 9.3.2).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class Pipeline {
  readonly #capacity: number
  /** How many requests wait on a connection; only connections where some do. */
  readonly #waiting = new Map<Socket, number>()

  /** `capacity`: how many requests may wait on one connection. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Calls `begin` at once, or when every response before is complete; never, when the connection ends before. */
  enter(request: IncomingMessage, response: ServerResponse, begin: () => void): void {
    // Node gives a response its socket when all before it on the connection are complete.
    if (response.socket !== null) {
      begin()
      return
    }
    const { socket } = request
    const before = this.#waiting.get(socket)
    if (before === this.#capacity) {
      socket.destroy()
      return
    }
    if (before === undefined) socket.once('close', () => this.#waiting.delete(socket))
    this.#waiting.set(socket, (before ?? 0) + 1)
    response.once('socket', () => {
      this.#step(socket)
      // Not within Node's own handing over of the socket, and not for a client that is gone.
      process.nextTick(() => {
        if (!socket.destroyed) begin()
      })
    })
  }

  /** Whether another request on this connection waits for its turn. */
  isFollowed(socket: Socket): boolean {
    return (this.#waiting.get(socket) ?? 0) > 0
  }

  #step(socket: Socket): void {
    this.#waiting.set(socket, Math.max(0, (this.#waiting.get(socket) ?? 0) - 1))
  }
}
