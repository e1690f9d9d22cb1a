// The chat of ../websocket over Socket.IO: the handshake brings the session's cookie, and the socket is disconnected when
// that session ends, on whichever server somebody ended it.
import { createServer } from 'node:http'
import { Server, type DefaultEventsMap } from 'socket.io'
import { sessions, type Session } from 'drover'
import { socketIoSessions } from 'drover/websocket'
import { chatApp } from '../websocket/app.ts'
import { openMessages, type Message } from '../websocket/messages.ts'

interface FromPage {
  say: (text: unknown) => void
}

interface ToPage {
  hello: (hello: { user: string; server: string }) => void
  message: (message: Message) => void
}

/** `drover up` names its instances; alone, the server has no name. */
const name = process.env['DROVER_INSTANCE'] ?? 'the only one'
const port = Number(process.env['PORT'] ?? 3000)
const longestMessage = 500

const visits = sessions({ store: process.env['SESSION_STORE'] ?? 'sqlite:.drover/chat-sessions.db' })
const server = createServer(chatApp(visits, new URL('page/', import.meta.url)))
const io = new Server<FromPage, ToPage, DefaultEventsMap, { session: Session }>(server, {
  // Long polling is many requests that must all reach the server of the first one: it needs a sticky balancer.
  transports: ['websocket'],
  maxHttpBufferSize: 4 * longestMessage,
})
/** Who has got all that was told before. */
const reading = 'reading'
const messages = await openMessages(process.env['CHAT_DATABASE'] ?? '.drover/chat.db', (message) => {
  io.local.to(reading).emit('message', message)
})

// Nobody signed in, another site's page, or an outage of the store: the page's `connect_error` is told which.
io.use(socketIoSessions(visits))

io.on('connection', async (socket) => {
  const user = (await socket.data.session?.principal()) ?? ''
  socket.emit('hello', { user, server: name })
  // A page that comes back, say because its server was replaced, has read up to here.
  const seen = Number(socket.handshake.auth['after'])
  for (const message of messages.after(Number.isSafeInteger(seen) ? seen : 0)) socket.emit('message', message)
  // Only now, and before anything else is told: it gets each message once.
  void socket.join(reading)
  socket.on('say', (text) => {
    const said = typeof text === 'string' ? text.trim().slice(0, longestMessage) : ''
    if (said !== '') messages.say({ user, text: said, server: name })
  })
})

server.listen(port, '127.0.0.1', () => console.log(`The chat listens on port ${port}`))

/** Ends the sockets and the server; the pages come back to another one. */
async function stop(): Promise<void> {
  await io.close()
  messages.close()
  await visits.close()
}
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())
