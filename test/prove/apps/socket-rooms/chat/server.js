import { createServer } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
app.get('/', (req, res) => res.send('<h1>Chat</h1><ul id="messages"></ul>'))

const server = createServer(app)
const sockets = new WebSocketServer({ server, path: '/chat' }) // state:declared
const rooms = new Map() // state:declared

sockets.on('connection', (socket, request) => {
  const name = new URL(request.url, 'http://localhost').searchParams.get('room') ?? 'lobby'
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room.add(socket)) // state:written
  socket.send(JSON.stringify({ joined: name }))
  socket.on('message', (data) => {
    for (const other of room) other.send(JSON.stringify({ room: name, text: String(data) }))
  })
  socket.on('close', () => room.delete(socket)) // state:written
})

server.listen(process.env.PORT)
