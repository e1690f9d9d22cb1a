// An instance that reads with Node's own parser and also keeps every byte it was given, connection by connection.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Upstream } from '../../../../src/balancer/messages.ts'
import { listen } from '../../../support/free-port.ts'

/** A complete request as one reader understood it. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  /** Name, value, name, value … as the reader gives them, in latin1. */
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly rawTrailers: readonly string[]
}

export interface RecordingInstance {
  readonly upstream: Upstream
  readonly port: number
  /** Every byte that came, in latin1, one text for each connection. */
  readonly raw: () => readonly string[]
  /** The requests that are complete, in the order of their ends. */
  readonly seen: () => readonly SeenRequest[]
  /** What Node's parser found wrong with the bytes; a connection that ends early is no fault of theirs. */
  readonly faults: () => readonly string[]
  /** Forgets what was recorded. */
  readonly clear: () => void
  readonly close: () => Promise<void>
}

let lastEpoch = 0

export async function startRecording(id = 'recorder'): Promise<RecordingInstance> {
  const connections = new Map<Socket, string>()
  const requests: SeenRequest[] = []
  const faults: string[] = []
  const server = createServer({ maxHeaderSize: 1024 * 1024, requestTimeout: 0 }, (request, response) => {
    void readWhole(request).then((seen) => {
      if (seen === undefined) return
      requests.push(seen)
      response.end('seen')
    })
  })
  server.on('connection', (socket: Socket) => {
    connections.set(socket, '')
    socket.on('data', (bytes: Buffer) => {
      const earlier = connections.get(socket) ?? ''
      connections.set(socket, earlier + bytes.toString('latin1'))
    })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code = error.code ?? error.message
    if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') faults.push(code)
    socket.destroy()
  })
  const port = await listen(server)
  lastEpoch++
  return {
    upstream: { id, epoch: lastEpoch, host: '127.0.0.1', port },
    port,
    raw: () => [...connections.values()],
    seen: () => requests,
    faults: () => faults,
    clear: () => {
      for (const socket of connections.keys()) connections.set(socket, '')
      requests.length = 0
      faults.length = 0
    },
    close: () => close(server),
  }
}

/** Undefined when the request ends early. */
function readWhole(request: IncomingMessage): Promise<SeenRequest | undefined> {
  return new Promise((resolve) => {
    let body = ''
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk
    })
    request.once('error', () => {
      resolve(undefined)
    })
    request.once('end', () => {
      const { method = '', url = '', headers, rawHeaders, rawTrailers } = request
      resolve({ method, target: url, host: headers.host ?? '', rawHeaders, body, rawTrailers })
    })
  })
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
