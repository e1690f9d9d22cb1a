// A line of TCP to a server that can be cut and mended, so that one process loses a store that others still reach.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { listen } from './free-port.ts'

export interface CuttableLine {
  /** Where it begins, on loopback. */
  readonly port: number
  /** Ends every connection, and every new one as it comes. */
  readonly cut: () => void
  readonly mend: () => void
  readonly stop: () => Promise<void>
}

/** A line to `port` of loopback. */
export async function cuttableLine(to: number): Promise<CuttableLine> {
  let isCut = false
  const ends = new Set<Socket>()
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(to, '127.0.0.1')
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end)
      end.setNoDelay(true).pipe(other)
      end.on('error', () => other.destroy())
      end.on('close', () => {
        ends.delete(end)
        other.destroy()
      })
    }
  })
  const port = await listen(server)
  const destroyAll = () => {
    for (const end of ends) end.destroy()
  }
  return {
    port,
    cut: () => {
      isCut = true
      destroyAll()
    },
    mend: () => {
      isCut = false
    },
    stop: async () => {
      server.close()
      destroyAll()
      await once(server, 'close')
    },
  }
}
