// Picks free loopback ports for instances.
import { createServer } from 'node:net'

const maxAttempts = 20
const retried: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EACCES'])

/** Hands out ports that were free a moment ago and that no other instance of this fleet was given. */
export class PortPool {
  readonly #taken = new Set<number>()
  readonly #pick: () => number

  /** `pick`: a port to try next; 0 lets the system choose. */
  constructor(pick: () => number = () => 0) {
    this.#pick = pick
  }

  /** Binds a port on 127.0.0.1, then the same on ::1, since an app may listen on either; then lets go of both. */
  async take(): Promise<number> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const port = await tryBind('127.0.0.1', this.#pick())
      if (port === undefined || this.#taken.has(port)) continue
      // Reserved before the next await, as two instances may be picking at the same time.
      this.#taken.add(port)
      if ((await tryBind('::1', port)) !== undefined) return port
      this.#taken.delete(port)
    }
    throw new Error(`Cannot find a free loopback port: ${maxAttempts} attempts clashed`)
  }

  release(port: number): void {
    this.#taken.delete(port)
  }
}

/** The port that was bound and let go again; undefined when it is taken. */
function tryBind(host: '127.0.0.1' | '::1', port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => {
      const code = 'code' in error ? error.code : undefined
      if (retried.has(code)) resolve(undefined)
      // No IPv6 on this machine: nobody can listen there.
      else if (host === '::1') resolve(port)
      else reject(error)
    })
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' ? address?.port : undefined)
      })
    })
  })
}
