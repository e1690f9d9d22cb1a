// Two sockets joined after an upgrade: bytes pass both ways, and the end of one is the end of both.
import type { Socket } from 'node:net'

/** `onClose` is called once, when both are gone. A side that takes nothing for `stallMs` is gone too. */
export function joinSockets(client: Socket, upstream: Socket, stallMs: number, onClose: () => void): void {
  let open = 2
  const follow = (from: Socket, to: Socket) => {
    from.pipe(to)
    from.on('error', () => {
      // The close that follows ends the other side.
      from.destroy()
    })
    from.once('close', () => {
      to.destroySoon()
      open--
      if (open === 0) onClose()
    })
    // While one side takes nothing, nothing is read from the other, so that not even its end is seen.
    to.setTimeout(stallMs, () => {
      if (to.writableLength > 0) to.destroy()
    })
  }
  follow(client, upstream)
  follow(upstream, client)
}
