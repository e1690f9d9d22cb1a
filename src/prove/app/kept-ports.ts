// Ports that instances of a proof are given, kept from other proofs on this machine while nobody listens on them yet, or not just now.
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { PortPool } from '../../supervisor/port-pool.ts'

const attemptsAtMost = 20

/** A port is kept by a UDP socket of the same number, which no app misses, and which goes with this process, however that ends. */
export class KeptPorts {
  readonly #pool = new PortPool(quietPort)
  readonly #sockets = new Map<number, Socket>()

  async take(): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await this.#pool.take()
      const socket = await keep(port)
      if (socket !== 'kept by others') {
        if (socket !== undefined) this.#sockets.set(port, socket)
        return port
      }
      this.#pool.release(port)
      if (attempt === attemptsAtMost)
        throw new Error(`Cannot find a free port: others kept each of ${attemptsAtMost}`)
    }
  }

  release(port: number): void {
    this.#sockets.get(port)?.close()
    this.#sockets.delete(port)
    this.#pool.release(port)
  }
}

/**
 * Below those that systems give out at random (from 32768 on Linux, from 49152 by IANA), and above most that programs insist on: while an
 * instance is started again, nobody gets its port for a connection or a test of theirs.
 */
function quietPort(): number {
  return randomInt(20_000, 32_000)
}

/** Undefined where there is no UDP: then it is not kept. */
function keep(port: number): Promise<Socket | 'kept by others' | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      resolve('code' in error && error.code === 'EADDRINUSE' ? 'kept by others' : undefined)
    })
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref()
      resolve(socket)
    })
  })
}
