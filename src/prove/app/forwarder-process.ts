// Runs in an instance's network. A socket that listens stays in the network where it was made, whoever accepts: so this process accepts
// on sockets of the machine's network and connects in its own, and hands out its own for the opposite way.
import type { Socket } from 'node:net'
import { connect, createServer, Server } from 'node:net'
import { joinSockets } from './forwarder.ts'

process.on('message', (message: { readonly forward: number }, handle) => {
  if (handle instanceof Server) forward(handle, message.forward)
})
process.once('disconnect', () => process.exit())

function forward(server: Server, port: number): void {
  server.on('connection', (near: Socket) => {
    // It may go before anything answers.
    near.on('error', () => undefined)
    const far = connect({ host: '127.0.0.1', port })
    // Whoever listens on 'localhost' may be on the other family.
    const tryOther = () => {
      joinSockets(near, connect({ host: '::1', port }))
    }
    far.once('error', tryOther)
    far.once('connect', () => {
      far.off('error', tryOther)
      joinSockets(near, far)
    })
  })
}

async function offer(port: number): Promise<void> {
  const server = createServer()
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false)
    })
    server.listen({ host: '127.0.0.1', port }, () => {
      resolve(true)
    })
  })
  if (!isListening) return
  await new Promise<void>((resolve) => {
    process.send?.({ service: port }, server, undefined, () => {
      server.close()
      resolve()
    })
  })
}

await Promise.all(process.argv.slice(2).map((port) => offer(Number(port))))
process.send?.({ isOpen: true })
