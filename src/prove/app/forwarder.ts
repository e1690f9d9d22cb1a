// Bridges the machine's network and an instance's own, both ways: ports that the app listens on get one here, and services on this
// machine's loopback, such as a database, get theirs there.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { connect, createServer, Server } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL(`forwarder-process${extname(import.meta.url)}`, import.meta.url))

export class Forwarder {
  readonly #process: ChildProcess
  readonly #inner: Server[] = []
  readonly #ports = new Map<number, Promise<number>>()
  readonly #sockets = new Set<Socket>()

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** `enter`: put before a command that is to run in the instance's network. `services`: ports of this machine's loopback. */
  static async open(enter: readonly string[], services: readonly number[]): Promise<Forwarder> {
    const [command = '', ...args] = enter
    const child = spawn(command, [...args, process.execPath, program, ...services.map(String)], {
      cwd: '/',
      detached: true,
      env: { PATH: '/bin:/usr/bin' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const forwarder = new Forwarder(child)
    await forwarder.#untilOpen(services.length)
    return forwarder
  }

  /** The port on this machine's 127.0.0.1 that leads to `inner` in the instance's network. The same one each time. */
  portFor(inner: number): Promise<number> {
    const known = this.#ports.get(inner)
    if (known !== undefined) return known
    const opened = this.#openPort(inner)
    this.#ports.set(inner, opened)
    return opened
  }

  async close(): Promise<void> {
    for (const server of this.#inner) server.close()
    for (const socket of this.#sockets) socket.destroy()
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise<void>((resolve) => {
      this.#process.once('exit', () => {
        resolve()
      })
    })
    this.#process.kill('SIGKILL')
    await ended
  }

  async #openPort(inner: number): Promise<number> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string')
      throw new TypeError('Cannot open a port: it has no number')
    await new Promise<void>((resolve, reject) => {
      // The other process accepts; what is kept here would take every second connection.
      this.#process.send({ forward: inner }, server, (error) => {
        server.close()
        if (error === null) resolve()
        else reject(error)
      })
    })
    return address.port
  }

  /** Resolves once every service that could be opened there leads here. */
  #untilOpen(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.on(
        'message',
        (message: { readonly service?: number; readonly isOpen?: boolean }, handle) => {
          if (message.service !== undefined && handle instanceof Server) this.#serve(handle, message.service)
          if (message.isOpen === true) resolve()
        },
      )
      this.#process.once('error', reject)
      this.#process.once('exit', (code) => {
        reject(new Error(`Cannot reach the network of an instance (${count} services): exit code ${code}`))
      })
    })
  }

  #serve(server: Server, port: number): void {
    this.#inner.push(server)
    server.on('connection', (near: Socket) => {
      const far = connect({ host: '127.0.0.1', port })
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
      }
      joinSockets(near, far)
    })
  }
}

/** Passes on everything both ways; when one side fails so does the other. */
export function joinSockets(near: Socket, far: Socket): void {
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  near.pipe(far).pipe(near)
}
