// Refuses work that no handler has seen, in the words by which the balancer knows that it may send it elsewhere (R1).
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { notProcessedHeader } from '../base/wire.ts'

/**
 * A refused client may still be sending. Its bytes are dropped for so long: closing at once would reset the connection, and
 * with it the answer that the client has not read.
 */
const lingerMs = 1_000

const status = 503
const body = 'This instance is leaving\n'

function fields(marker: string): Readonly<Record<string, string>> {
  return {
    [notProcessedHeader]: marker,
    'retry-after': '1',
    'cache-control': 'no-store',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(body.length),
    connection: 'close',
  }
}

/** Answers without waiting for the request's body; the connection ends with it. */
export function refuseRequest(req: IncomingMessage, res: ServerResponse, marker: string): void {
  res.writeHead(status, { ...fields(marker) })
  if (req.headers.expect !== undefined || !announcesBody(req)) {
    res.end(body)
    return
  }
  res.write(body)
  const timer = setTimeout(() => res.end(), lingerMs).unref()
  req.once('end', () => res.end())
  req.resume()
  res.once('close', () => clearTimeout(timer))
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** The same for a request to become a WebSocket, whose connection is no longer Node's. */
export function refuseUpgrade(socket: Duplex, marker: string): void {
  const lines = Object.entries(fields(marker)).map(([name, value]) => `${name}: ${value}\r\n`)
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.on('error', () => undefined)
  socket.once('end', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
}
