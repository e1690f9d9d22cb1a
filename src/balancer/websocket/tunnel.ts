// A WebSocket through the balancer: bytes pass both ways, and the end of one side is the end of both. When its instance
// leaves, both sides are told 1001 and each finishes its closing handshake with the balancer (RFC 6455 section 7.1).
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { goingAway, writeCloseFrame } from './close-frame.ts'
import { Lane, type CloseAt } from './lane.ts'

export interface TunnelOptions {
  readonly client: Socket
  readonly upstream: Socket
  /** A side that takes nothing of what is written to it for this long is gone. */
  readonly stallMs: number
  /** From going away until both sides are closed, in order or not. */
  readonly closeMs: number
  /** Called once, when both sockets are closed. */
  readonly onClose: () => void
}

/**
 * `open`: bytes pass. `scheduled`: they do until its time comes. `leaving`: a Close of ours goes where a message ends, or,
 * in the second half of closeMs, where a frame ends. `cut`: whatever is left is destroyed.
 */
type TunnelState = 'open' | 'scheduled' | 'leaving' | 'cut'

const reason = 'going away'

export class Tunnel {
  readonly #options: TunnelOptions
  readonly #toClient: Lane
  readonly #toInstance: Lane
  #state: TunnelState = 'open'
  #timer: NodeJS.Timeout | undefined
  #leavesAtMs = Infinity
  #sockets = 2

  constructor(options: TunnelOptions) {
    this.#options = options
    const { client, upstream } = options
    this.#toClient = new Lane(writerTo(client), () => writeCloseFrame(goingAway, reason))
    this.#toInstance = new Lane(writerTo(upstream), () => writeCloseFrame(goingAway, reason, randomBytes(4)))
  }

  /** From here on bytes pass, those first that each side had sent along with the handshake. To be called once. */
  open(fromClient: Buffer, fromInstance: Buffer): void {
    const { client, upstream } = this.#options
    this.#join(client, upstream, this.#toInstance, fromClient)
    this.#join(upstream, client, this.#toClient, fromInstance)
  }

  get isLeaving(): boolean {
    return this.#state !== 'open'
  }

  /** Goes away after `delayMs`, or sooner where an earlier call said so. */
  drain(delayMs: number): void {
    const isEarlier = performance.now() + delayMs < this.#leavesAtMs
    if ((this.#state !== 'open' && this.#state !== 'scheduled') || !isEarlier || this.#sockets === 0) return
    this.#state = 'scheduled'
    this.#leavesAtMs = performance.now() + delayMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.goAway()
    }, delayMs)
  }

  /** Tells both sides 1001 now, and cuts what is not closed after closeMs. */
  goAway(): void {
    if (this.#state === 'leaving' || this.#state === 'cut' || this.#sockets === 0) return
    clearTimeout(this.#timer)
    this.#state = 'leaving'
    // Where either side has begun to close, the other is left to answer, and the time is all we add.
    const hasBegun = this.#toClient.sawClose || this.#toInstance.sawClose
    const halfMs = this.#options.closeMs / 2
    if (!hasBegun) this.#close('message')
    this.#timer = setTimeout(() => {
      if (!hasBegun) this.#close('frame')
      this.#timer = setTimeout(() => {
        this.cut()
      }, halfMs)
    }, halfMs)
  }

  /** Ends both sides at once; a side that has not been told everything, our Close included, is reset. */
  cut(): void {
    clearTimeout(this.#timer)
    this.#state = 'cut'
    cutSocket(this.#options.client, this.#toClient)
    cutSocket(this.#options.upstream, this.#toInstance)
  }

  #close(at: CloseAt): void {
    this.#toClient.close(at)
    this.#toInstance.close(at)
    this.#closeClient()
    // After our Close nobody waits for the other side to take more.
    this.#options.client.resume()
    this.#options.upstream.resume()
  }

  #join(from: Socket, to: Socket, lane: Lane, first: Buffer): void {
    const { stallMs } = this.#options
    from.on('data', (chunk: Buffer) => {
      if (!lane.pass(chunk)) from.pause()
      if (this.#state === 'leaving') this.#closeClient()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => {
      // While leaving, each side has a closing handshake of its own: it is over, and the other's goes on.
      if (this.#state === 'leaving') from.destroySoon()
      else to.end()
    })
    from.on('error', () => {
      // The close that follows ends the other side.
      from.destroy()
    })
    from.once('close', () => {
      this.#onSocketClose(to, lane)
    })
    // While one side takes nothing, nothing is read from the other, so that not even its end is seen.
    to.setTimeout(stallMs)
    to.on('timeout', () => {
      if (to.writableLength > 0) to.destroy()
    })
    if (first.length === 0 || lane.pass(first)) from.resume()
    else from.pause()
  }

  /** RFC 6455 section 7.1.1: when both have said Close, it is the server's side that closes: to the client, that is us. */
  #closeClient(): void {
    if (this.#toClient.closed && this.#toInstance.sawClose) this.#options.client.destroySoon()
  }

  #onSocketClose(other: Socket, toOther: Lane): void {
    this.#sockets--
    if (this.#sockets === 0) {
      clearTimeout(this.#timer)
      this.#options.onClose()
    } else if (this.#state === 'leaving' && toOther.closed) {
      // It may have waited for the side that is gone; what it says now is dropped, but its Close and its end are awaited.
      other.resume()
    } else {
      // Nothing more is read from it, so that only what it takes keeps it alive.
      other.pause()
      other.destroySoon()
    }
  }
}

function writerTo(socket: Socket): (bytes: Buffer) => boolean {
  return (bytes) => !socket.writable || socket.write(bytes)
}

function cutSocket(socket: Socket, lane: Lane): void {
  // A TLS socket cannot be reset; without its close_notify the end is known to be a cut (RFC 8446 section 6.1).
  const isWhole = lane.closed && socket.writableLength === 0
  if (isWhole || socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
