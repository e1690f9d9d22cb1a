// Every client connection of a front, so that those can be ended that take nothing of what they are sent, or that have
// nothing more to say when the front closes.
import type { Socket } from 'node:net'

interface Look {
  /** What the client had sent when draining last looked. */
  bytesRead: number
  /** What it had taken at the last sweep that saw a change, and when that was. */
  bytesTaken: number
  atMs: number
}

export class ClientConnections {
  readonly #stallMs: number
  readonly #now: () => number
  readonly #open = new Map<Socket, Look>()

  /** `stallMs`: how long a client may take nothing of what is written to it. `now` is monotonic milliseconds. */
  constructor(stallMs: number, now: () => number) {
    this.#stallMs = stallMs
    this.#now = now
  }

  add(socket: Socket): void {
    this.#open.set(socket, { bytesRead: 0, bytesTaken: 0, atMs: this.#now() })
    socket.once('close', () => this.#open.delete(socket))
  }

  /** Resets those that have stalled: what such a client has must not look whole. */
  sweep(): void {
    const now = this.#now()
    for (const [socket, look] of this.#open) {
      const bytesTaken = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || bytesTaken !== look.bytesTaken) {
        look.bytesTaken = bytesTaken
        look.atMs = now
      } else if (now - look.atMs >= this.#stallMs) socket.resetAndDestroy()
    }
  }

  /** Tells which connections owe nothing and have said nothing since the last look. */
  lookForSilent(owes: (socket: Socket) => boolean): Socket[] {
    const silent: Socket[] = []
    for (const [socket, look] of this.#open) {
      const { bytesRead } = socket
      if (bytesRead === look.bytesRead && socket.writableLength === 0 && !owes(socket)) silent.push(socket)
      look.bytesRead = bytesRead
    }
    return silent
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }
}
