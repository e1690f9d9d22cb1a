// A chat over WebSocket. The upgrade brings the session's cookie, and the socket closes when that session ends, on
// whichever server somebody ended it.
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { sessions, type Session } from 'drover'
import { acceptUpgrade, closeWithSession } from 'drover/websocket'
import { chatApp } from './app.ts'
import { openMessages, type Message } from './messages.ts'

/** `drover up` names its instances; alone, the server has no name. */
const name = process.env['DROVER_INSTANCE'] ?? 'the only one'
const port = Number(process.env['PORT'] ?? 3000)
const longestMessage = 500
/** A client that reads so slowly that this many bytes wait for it is let go, and may come back. */
const mostWaitingBytes = 1_000_000

const visits = sessions({ store: process.env['SESSION_STORE'] ?? 'sqlite:.drover/chat-sessions.db' })
const sockets = new WebSocketServer({ noServer: true, maxPayload: 4 * longestMessage })
const messages = await openMessages(process.env['CHAT_DATABASE'] ?? '.drover/chat.db', (message) => {
  for (const ws of sockets.clients) send(ws, { message })
})

const server = createServer(chatApp(visits))
server.on('upgrade', (req, socket, head) => {
  upgrade(req, socket, head).catch((error: unknown) => {
    console.error(error)
    socket.destroy()
  })
})

async function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const session = await acceptUpgrade(visits, req, socket)
  // Nobody signed in, another site's page, or an outage of the store: it was answered 401, 403 or 503.
  if (session === undefined) return
  const user = (await session.principal()) ?? ''
  sockets.handleUpgrade(req, socket, head, (ws) => {
    welcome(ws, session, user, lastSeen(req))
  })
}

function welcome(ws: WebSocket, session: Session, user: string, seen: number): void {
  const giveUp = () => ws.terminate()
  ws.on('error', giveUp)
  closeWithSession(session, ws).catch(giveUp)
  send(ws, { hello: { user, server: name } })
  for (const message of messages.after(seen)) send(ws, { message })
  ws.on('message', (data) => {
    const text = (Buffer.isBuffer(data) ? data.toString() : '').trim().slice(0, longestMessage)
    if (text !== '') messages.say({ user, text, server: name })
  })
}

type News = { hello: { user: string; server: string } } | { message: Message }

function send(ws: WebSocket, news: News): void {
  if (ws.readyState !== WebSocket.OPEN) return
  if (ws.bufferedAmount > mostWaitingBytes) ws.terminate()
  else ws.send(JSON.stringify(news))
}

/** A page that comes back, say because its server was replaced, has read up to here. */
function lastSeen(req: IncomingMessage): number {
  const id = Number(URL.parse(req.url ?? '', 'http://chat')?.searchParams.get('after'))
  return Number.isSafeInteger(id) ? id : 0
}

server.listen(port, '127.0.0.1', () => console.log(`The chat listens on port ${port}`))

/** Sends everybody away with "service restart"; their pages come back to another server. */
function stop(): void {
  for (const ws of sockets.clients) ws.close(1012, 'server restarts')
  setTimeout(() => {
    for (const ws of sockets.clients) ws.terminate()
  }, 1_000).unref()
  server.close(() => {
    messages.close()
    void visits.close()
  })
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
