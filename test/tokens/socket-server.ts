// A server whose WebSockets and Socket.IO want a token. A message over a WebSocket is a newer token.
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { Server as SocketIo } from 'socket.io'
import { WebSocketServer } from 'ws'
import { acceptTokenUpgrade, closeWithToken, socketIoTokens } from 'drover/websocket'
import type { TokenRouteOptions } from 'drover/websocket'
import type { Tokens } from 'drover/tokens'
import { listen } from '../support/free-port.ts'

export interface SocketServer {
  readonly url: string
  readonly port: number
}

/** Serves until the test ends, and then closes `api`. */
export async function startSockets(
  context: TestContext,
  api: Tokens,
  options: TokenRouteOptions = {},
): Promise<SocketServer> {
  const server = createServer((_req, res) => res.end())
  const sockets = new WebSocketServer({ noServer: true })
  const io = new SocketIo(server, { path: '/io', destroyUpgrade: false })
  io.use(socketIoTokens(api, options))
  io.on('connection', (socket) => {
    socket.emit('welcome', socket.id)
  })
  server.on('upgrade', (req, socket, head) => {
    if (req.url?.startsWith('/io') === true) return
    void acceptTokenUpgrade(api, req, socket, options).then((token) => {
      if (token === undefined) return
      sockets.handleUpgrade(req, socket, head, (ws) => {
        closeWithToken(token, ws)
        ws.send(`hello ${token.current?.principal ?? 'visitor'}`)
        ws.on('message', (bytes) => {
          token.renew(Buffer.isBuffer(bytes) ? bytes.toString() : undefined).then(
            ({ principal }) => ws.send(`renewed ${principal}`),
            (error: unknown) => ws.send(String(Reflect.get(Object(error), 'code'))),
          )
        })
      })
    })
  })
  const port = await listen(server)
  context.after(async () => {
    for (const ws of sockets.clients) ws.terminate()
    await io.close()
    server.closeAllConnections()
    await api.close()
  })
  return { url: `http://127.0.0.1:${port}`, port }
}
