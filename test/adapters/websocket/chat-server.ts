// A server of a chat: signs in by request, then speaks WebSocket and Socket.IO. Several of them share one store.
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import express from 'express'
import { Server as SocketIo } from 'socket.io'
import { WebSocketServer } from 'ws'
import { expressSessions, sessionOf } from '../../../src/adapters/express.ts'
import { acceptUpgrade, closeWithSession, socketIoSessions } from '../../../src/adapters/websocket.ts'
import type { UpgradeOptions } from '../../../src/adapters/websocket.ts'
import { sessions } from '../../../src/index.ts'
import type { Sessions, SessionStore } from '../../../src/index.ts'
import { listen } from '../../support/free-port.ts'

export interface Chat {
  name: string
}

export interface ChatServer {
  readonly url: string
  readonly port: number
  readonly shop: Sessions<Partial<Chat>>
  readonly reports: unknown[]
  /** Signs in with a request; gives the cookie. */
  readonly signIn: (principal: string) => Promise<string>
  readonly ask: (path: string, cookie: string) => Promise<number>
}

/** Serves until the test ends, and then closes the store. */
export async function startChat(
  context: TestContext,
  store: SessionStore,
  upgrade: UpgradeOptions = {},
): Promise<ChatServer> {
  const reports: unknown[] = []
  const shop = sessions<Chat>({ store, onError: (error) => reports.push(error) })
  const server = createServer(routes(shop))
  const sockets = new WebSocketServer({ noServer: true })
  const io = new SocketIo(server, { path: '/io', destroyUpgrade: false })
  io.use(socketIoSessions(shop, upgrade))
  io.on('connection', (socket) => {
    socket.emit('welcome', socket.id)
  })
  server.on('upgrade', (req, socket, head) => {
    if (req.url?.startsWith('/io') === true) return
    void acceptUpgrade(shop, req, socket, upgrade).then((session) => {
      if (session === undefined) return
      sockets.handleUpgrade(req, socket, head, (ws) => {
        void closeWithSession(session, ws)
        void session.principal().then((principal) => ws.send(`hello ${principal ?? 'visitor'}`))
      })
    })
  })
  const port = await listen(server)
  const url = `http://127.0.0.1:${port}`
  context.after(async () => {
    for (const ws of sockets.clients) ws.terminate()
    await io.close()
    server.closeAllConnections()
    await shop.close()
  })
  return {
    url,
    port,
    shop,
    reports,
    signIn: async (principal) => {
      const answer = await fetch(`${url}/sign-in/${principal}`, { method: 'POST' })
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0]
      if (cookie === undefined) throw new Error(`Cannot sign in: ${answer.status} ${await answer.text()}`)
      return cookie
    },
    ask: async (path, cookie) => (await fetch(url + path, { method: 'POST', headers: { cookie } })).status,
  }
}

function routes(shop: Sessions<Partial<Chat>>): express.Express {
  const app = express()
  app.use(expressSessions(shop))
  app.post('/sign-in/:principal', async (req, res) => {
    await sessionOf(req, shop).login(req.params.principal)
    res.end()
  })
  app.post('/sign-out', async (req, res) => {
    await sessionOf(req, shop).logout()
    res.end()
  })
  app.post('/renew', async (req, res) => {
    await sessionOf(req, shop).renew()
    res.end()
  })
  return app
}
