// Tiny instances in the test's own process: real servers on real ports, one behaviour each.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Upstream } from '../../../src/balancer/messages.ts'
import { listen } from '../../support/free-port.ts'

export interface TestInstance {
  readonly upstream: Upstream
  /** Connections open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Connections ever accepted. */
  readonly accepted: () => number
  /** Stops listening and resets every connection, as a killed process does. */
  readonly die: () => Promise<void>
}

export interface HttpInstance extends TestInstance {
  readonly server: Server
}

let lastEpoch = 0

async function open(t: TestContext, id: string, server: NetServer): Promise<TestInstance> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listen(server)
  const die = async () => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await once(server, 'close')
  }
  t.after(die)
  lastEpoch++
  const upstream = { id, epoch: lastEpoch, host: '127.0.0.1', port }
  return { upstream, sockets, accepted: () => accepted, die }
}

/** Speaks HTTP as Node does. */
export async function startHttpInstance(
  t: TestContext,
  id: string,
  handle: RequestListener,
): Promise<HttpInstance> {
  const server = createHttpServer(handle)
  return { ...(await open(t, id, server)), server }
}

/** What a raw instance is given: its connection, and the text of each request head that arrives, in order. */
export interface RawConnection {
  readonly socket: Socket
  /** Everything received so far, in latin1. */
  readonly received: () => string
}

/** Says whatever the test wants, byte by byte: `onHead` is called for each request head, before its body came. */
export function startRawInstance(
  t: TestContext,
  id: string,
  onHead: (connection: RawConnection, head: string, index: number) => void,
): Promise<TestInstance> {
  const server = createNetServer((socket) => {
    let text = ''
    let from = 0
    let heads = 0
    const connection = { socket, received: () => text }
    socket.setDefaultEncoding('latin1')
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\r\n\r\n', from); end !== -1; end = text.indexOf('\r\n\r\n', from)) {
        const head = text.slice(from, end)
        from = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (/^[A-Z]+ \S+ HTTP\//.test(head)) onHead(connection, head, heads++)
      }
    })
  })
  return open(t, id, server)
}

/** A listening port where nobody answers the door: connections are refused. */
export async function startRefusing(t: TestContext, id: string): Promise<TestInstance> {
  const instance = await startRawInstance(t, id, () => undefined)
  await instance.die()
  return instance
}
