import { createServer } from 'node:http'
import express from 'express'
import { Server } from 'socket.io'

const app = express()
const server = createServer(app)
const io = new Server(server) // state:declared

io.on('connection', (socket) => {
  socket.emit('score', { home: 0, away: 0 })
})

app.get('/', (req, res) => {
  res.send('<script src="/socket.io/socket.io.js"></script><p id="score"></p>')
})

server.listen(process.env.PORT)
