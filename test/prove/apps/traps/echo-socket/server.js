// A WebSocket that counts what came over this one connection, which stays with its server.
import { createServer } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
app.get('/', (req, res) => res.send('<h1>Echo</h1>'))

const server = createServer(app)
const open = new Set()

new WebSocketServer({ server }).on('connection', (socket) => {
  let count = 0
  open.add(socket)
  socket.send(JSON.stringify({ hello: 'there', at: Date.now() }))
  socket.on('message', (data) => {
    count += 1
    socket.send(JSON.stringify({ echo: String(data), count }))
  })
  socket.on('close', () => open.delete(socket))
})

server.listen(process.env.PORT)
