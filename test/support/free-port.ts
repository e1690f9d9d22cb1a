// Free loopback ports: one that a server of the test listens on, and one that nobody listens on yet.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Has the server listen on a free port of loopback; resolves to it. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return address.port
}

/** Another process may take it before you do: use it at once. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}
