// Two sockets joined after an upgrade: bytes pass both ways, and the end of one is the end of both.
import type { Socket } from 'node:net'

/** `onClose` is called once, when both are gone; the second has `lingerMs` to take what was written to it. */
export function joinSockets(client: Socket, upstream: Socket, lingerMs: number, onClose: () => void): void {
  let open = 2
  const follow = (from: Socket, to: Socket) => {
    from.pipe(to)
    from.on('error', () => {
      // The close that follows ends the other side.
      from.destroy()
    })
    from.once('close', () => {
      // A peer that reads nothing any more would keep the other half for ever.
      to.setTimeout(lingerMs, () => to.destroy())
      to.destroySoon()
      open--
      if (open === 0) onClose()
    })
  }
  follow(client, upstream)
  follow(upstream, client)
}
