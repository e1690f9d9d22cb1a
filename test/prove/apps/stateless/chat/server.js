import { createServer } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
app.get('/', (req, res) => res.send('<h1>Chat</h1><ul id="messages"></ul>'))

const server = createServer(app)
const sockets = new WebSocketServer({ server, path: '/chat' })

sockets.on('connection', (socket, request) => {
  const name = new URL(request.url, 'http://localhost').searchParams.get('room') ?? 'lobby'
  const at = `${process.env.STORE_URL}/room-${name}`
  let seen = 0
  // What is said in a room is read from outside, whoever said it.
  const timer = setInterval(async () => {
    const messages = (await (await fetch(at)).json()) ?? []
    for (const text of messages.slice(seen)) socket.send(JSON.stringify({ room: name, text }))
    seen = Math.max(seen, messages.length)
  }, 40)
  socket.send(JSON.stringify({ joined: name }))
  socket.on('message', (data) => void fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(String(data)) }))
  socket.on('close', () => clearInterval(timer))
})

server.listen(process.env.PORT)
