// WebSockets of the pains suite: let in on upgrade by their session, as the documentation of `ws` shows it.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'

export interface Welcome {
  readonly principal: string | undefined
  /** Ties the accepted socket to its session, where the library can. */
  readonly attach?: (accepted: WebSocket) => Promise<void>
}

/** Undefined: the request was refused and answered already. */
export type WelcomeUpgrade = (request: IncomingMessage, socket: Duplex) => Promise<Welcome | undefined>

export function takeSockets(server: Server, welcome: WelcomeUpgrade): void {
  const sockets = new WebSocketServer({ noServer: true })
  const take = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const guest = await welcome(request, socket)
    if (guest === undefined) return
    if (guest.principal === undefined) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    const accepted = await new Promise<WebSocket>((resolve) => {
      sockets.handleUpgrade(request, socket, head, resolve)
    })
    await guest.attach?.(accepted)
    // The benchmark waits for it: from here on the socket is as tied to its session as it will ever be.
    accepted.send('ready')
  }
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    take(request, socket, head).catch(() => socket.destroy())
  })
}
