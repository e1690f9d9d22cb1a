// Waits until a server's work is finished, and ends what is not in time.
import type { Connections, CutWork } from './connections.ts'

export interface DrainLimits {
  /** A connection is closed when it has had no request for so long. */
  readonly lingerMs: number
  /** Nobody has connected for so long: who could has learned to go elsewhere. */
  readonly settleMs: number
  /** After so long everything is cut. */
  readonly timeoutMs: number
}

const sweepMs = 50

/** Resolves, with what had to be cut, when no connection is left and none is to be expected. */
export function drain(connections: Connections, limits: DrainLimits): Promise<CutWork> {
  const { lingerMs, settleMs, timeoutMs } = limits
  return new Promise((resolve) => {
    const finish = () => {
      clearInterval(sweeper)
      clearTimeout(deadline)
      connections.onEnd = () => undefined
      resolve(connections.destroy())
    }
    const look = () => {
      if (connections.isEmptySince(settleMs)) finish()
    }
    const sweep = () => {
      connections.closeQuiet(lingerMs)
      // After this turn of the loop has accepted what waits in the listener's queue: a close would reset it.
      setImmediate(look)
    }
    const sweeper = setInterval(sweep, sweepMs)
    const deadline = setTimeout(finish, timeoutMs)
    connections.onEnd = () => setImmediate(look)
    sweep()
  })
}
