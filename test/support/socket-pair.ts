// Both ends of a real connection.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { listen } from './free-port.ts'

export interface SocketPair {
  /** Reads nothing until it is resumed. */
  readonly client: Socket
  readonly server: Socket
}

export async function openPair(t: TestContext): Promise<SocketPair> {
  const listener = createServer()
  const accepted = once(listener, 'connection')
  const port = await listen(listener)
  const client = connect({ port, host: '127.0.0.1', noDelay: true }).pause()
  const [server] = (await accepted) as [Socket]
  listener.close()
  for (const socket of [client, server]) {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
  }
  return { client, server }
}
