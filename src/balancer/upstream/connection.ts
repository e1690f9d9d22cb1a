// One connection to an instance. Carries one attempt at a time and tells it what happens, down to its death.
import { connect, type Socket } from 'node:net'
import { MalformedMessage } from '../http1/malformed.ts'
import type { BalancerLimits } from '../limits.ts'
import type { Upstream } from '../messages.ts'
import { ResponseReader, type ResponseHead, type ResponseListener } from './response-reader.ts'

/** The attempt on a connection. After onEnd, onUpgrade or onDeath the connection tells it nothing more. */
export interface AttemptListener extends ResponseListener {
  /** Connected: the request may be written. */
  onReady(): void
  /** The socket takes bytes again after `write` answered false. */
  onUpstreamDrain(): void
  /** All bytes that have arrived are read and the response is not complete yet. */
  onQuiet(): void
  /** The attempt failed: not connected, reset, malformed, ended early. */
  onDeath(cause: Error): void
}

/** Who keeps the connection between attempts. */
export interface ConnectionOwner {
  /** An exchange is complete; the connection may serve another. */
  onIdle(connection: UpstreamConnection): void
  /** The socket is gone, or somebody else's; called once. */
  onClose(connection: UpstreamConnection): void
}

/** A head and a body up to this size are written as one. */
const gatheredBytes = 16 * 1024

export class UpstreamConnection implements ResponseListener {
  /** Its owner's name for this start of the instance. */
  readonly key: string
  readonly #socket: Socket
  readonly #reader: ResponseReader
  readonly #owner: ConnectionOwner
  #attempt: AttemptListener | undefined
  #connected = false
  /** Written together at the end of `gather`. */
  #gathered: string | undefined
  #reusable = false
  /** When the last exchange ended, on the worker's monotonic clock; 0 before the first. */
  idleSinceMs = 0

  /** Starts connecting. */
  constructor(upstream: Upstream, key: string, limits: BalancerLimits, owner: ConnectionOwner) {
    this.key = key
    this.#owner = owner
    this.#reader = new ResponseReader(limits.headBytes)
    this.#socket = connect({ host: upstream.host, port: upstream.port, noDelay: true })
    this.#listen(limits)
  }

  get reused(): boolean {
    return this.idleSinceMs > 0
  }

  /** Begins an attempt: `listener.onReady` is called at once on a live connection, else when connected. */
  begin(listener: AttemptListener, method: string, upgradeAsked: boolean): void {
    this.#attempt = listener
    this.#reader.expect(this, method, upgradeAsked)
    if (this.#connected) listener.onReady()
  }

  /** False when the attempt should wait for onUpstreamDrain. */
  write(chunk: Buffer | string): boolean {
    if (this.#gathered !== undefined && this.#gathered.length + chunk.length <= gatheredBytes) {
      this.#gathered += typeof chunk === 'string' ? chunk : chunk.toString('latin1')
      return true
    }
    this.#flush()
    return typeof chunk === 'string' ? this.#socket.write(chunk, 'latin1') : this.#socket.write(chunk)
  }

  /** Gathers a head and the small body that `write` writes behind it into one write: copying is cheaper than a second call. */
  gather(head: string, write: () => void): void {
    this.#gathered = head
    write()
    this.#flush()
  }

  /** Its client takes too slowly. */
  get isPaused(): boolean {
    return this.#socket.isPaused()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Leaves the attempt alone and closes the socket. */
  abandon(): void {
    this.#attempt = undefined
    this.#socket.destroy()
  }

  /** Hands the raw socket over after an upgrade; nothing of this connection stays with it. */
  release(): Socket {
    this.#attempt = undefined
    this.#socket.removeAllListeners()
    this.#owner.onClose(this)
    return this.#socket
  }

  onInformation(head: ResponseHead): void {
    this.#attempt?.onInformation(head)
  }

  onHead(head: ResponseHead): void {
    this.#reusable = head.keepAlive
    this.#attempt?.onHead(head)
  }

  onData(chunk: Buffer): void {
    this.#attempt?.onData(chunk)
  }

  onEnd(trailers: readonly string[]): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.onEnd(trailers)
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    this.#attempt?.onUpgrade(head, rest)
  }

  /** Whether another request may follow on this connection. */
  get reusable(): boolean {
    return (
      this.#reusable &&
      this.#attempt === undefined &&
      this.#reader.idle &&
      !this.#socket.destroyed &&
      this.#socket.writable
    )
  }

  #flush(): void {
    const gathered = this.#gathered
    this.#gathered = undefined
    if (gathered !== undefined) this.#socket.write(gathered, 'latin1')
  }

  #listen(limits: BalancerLimits): void {
    const socket = this.#socket
    const connectTimer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${limits.connectTimeoutMs} ms`))
    }, limits.connectTimeoutMs)
    socket.once('connect', () => {
      clearTimeout(connectTimer)
      this.#connected = true
      this.#attempt?.onReady()
    })
    socket.on('data', (bytes: Buffer) => {
      this.#read(bytes)
    })
    socket.on('drain', () => this.#attempt?.onUpstreamDrain())
    socket.on('end', () => {
      this.#finish()
    })
    socket.on('error', (error) => {
      this.#die(error)
    })
    socket.once('close', () => {
      clearTimeout(connectTimer)
      this.#die(new Error('the connection closed'))
      this.#owner.onClose(this)
    })
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.feed(bytes)
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.#die(error)
      return
    }
    if (this.#attempt !== undefined) this.#attempt.onQuiet()
    else if (this.#reader.idle) this.#owner.onIdle(this)
  }

  /** The instance ended its side: a response that lasts until then is complete, any other is cut short. */
  #finish(): void {
    try {
      this.#reader.finish()
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.#die(error)
    }
    this.#socket.destroy()
  }

  #die(cause: Error): void {
    this.#reusable = false
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#socket.destroy()
    attempt?.onDeath(cause)
  }
}
