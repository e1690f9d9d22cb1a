// How a contender tells the benchmark where it serves, and ends with it.
import type { Server } from 'node:http'
import { portOf } from '../port.ts'
import type { Ready } from '../program.ts'

/** The words that the benchmark gave this program: addresses to work with. */
export const settings: readonly string[] = process.argv.slice(2)

/** Longer than any run: no connection is lost between two rounds. */
export const keepAliveMs = 600_000

/** Listens on a free loopback port and says which. */
export function serve(server: Server): void {
  server.keepAliveTimeout = keepAliveMs
  server.listen(0, '127.0.0.1', () => {
    announce(portOf(server))
  })
}

export function announce(...ports: readonly number[]): void {
  const ready: Ready = { ports }
  process.send?.(ready)
}

// The benchmark is gone, so nobody will stop this program.
process.on('disconnect', () => {
  process.exit(0)
})
