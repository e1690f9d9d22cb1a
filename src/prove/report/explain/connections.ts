// State in a connection, or in the list of connections.
import type { Explanation } from './explanation.ts'

export const stickyTransport: Explanation = {
  title: 'Transport that wants the same instance',
  what: 'One connection is made of several requests, and only the instance that answered the first knows it, as with long polling of Socket.IO.',
  shows: 'Connections fail with 400 "Session ID unknown" and are tried again and again.',
  drover: undefined,
  standard:
    "Use WebSocket alone, on both sides (transports: ['websocket']), which is one connection; sticky balancing is the crutch.",
  before: `const io = new Server(server)
const socket = io.connect(url)`,
  after: `const io = new Server(server, { transports: ['websocket'] })
const socket = io.connect(url, { transports: ['websocket'] })`,
}

export const socketRooms: Explanation = {
  title: 'Rooms of one process',
  what: 'A message is sent to the sockets that this process holds; those of the same room on other instances get nothing.',
  shows: 'In a chat or a live view, some see what is said and some do not.',
  drover: undefined,
  standard:
    'Pass messages on between instances: an adapter of Socket.IO (@socket.io/redis-adapter), or publish and subscribe of Redis or PostgreSQL.',
  before: `for (const socket of sockets) socket.send(message)`,
  after: `await publisher.publish('chat', message)
// in each instance
await subscriber.subscribe('chat', (message) => {
  for (const socket of sockets) socket.send(message)
})`,
}
