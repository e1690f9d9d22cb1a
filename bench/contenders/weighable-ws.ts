// A WebSocket echo as most servers have it, on ws without compression; it collects its garbage when told to.
import './weighable.ts'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { serve } from './announce.ts'

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  socket.on('error', () => undefined)
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  })
})
serve(server)
