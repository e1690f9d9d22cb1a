import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { Server } from 'socket.io'
import { listen } from '../../../test/support/free-port.ts'
import { socketEventsIn, socketIoSteps } from './socket-io.ts'

const source = `const { Server } = require('socket.io')
io.on('connection', (socket) => {
  socket.on('join', (room, callback) => socket.join(room))
  socket.on("chat message", async function ({ room, text }) { io.to(room).emit('said', text) })
  socket.on('bid', amount => {})
  socket.on('disconnect', () => {})
})`

test('what a server of Socket.IO listens to is read in its source, with what it takes', () => {
  assert.deepEqual(socketEventsIn([source]), [
    { name: 'join', args: ['room'] },
    { name: 'chat message', args: [['room', 'text']] },
    { name: 'bid', args: ['amount'] },
  ])
  assert.deepEqual(socketEventsIn([source.replace('socket.io', 'ws')]), [])
})

test('two enter a room, and one is heard by the other', async () => {
  const server = createServer()
  const io = new Server(server)
  io.on('connection', (socket) => {
    socket.on('join', (room: string) => void socket.join(room))
    socket.on('chat message', ({ room, text }) => void io.to(room).emit('said', text))
  })
  const port = await listen(server)
  try {
    const steps = await socketIoSteps(`http://127.0.0.1:${port}`, socketEventsIn([source]), ['ann', 'bob'])
    const last = steps.flatMap((step) => (step.kind === 'websocket' ? [step] : [])).slice(-4)
    assert.deepEqual(
      last.map(({ client, action }) => [client, action]),
      [
        ['ann', { do: 'send', text: '42["chat message",{"room":"lobby","text":"proof of drover"}]' }],
        ['bob', { do: 'expect', includes: 'proof of drover', withinMs: 3000 }],
        ['ann', { do: 'close' }],
        ['bob', { do: 'close' }],
      ],
    )
  } finally {
    await io.close()
    server.closeAllConnections()
  }
})
