// What stands behind every proxy: a plain Node server on several ports. It is also what connections are compared with.
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { portOf } from '../port.ts'
import { announce, keepAliveMs, settings } from './announce.ts'
import { bodies } from './bodies.ts'
import { echo } from './echo.ts'

const [count = '1'] = settings
const answers = new Map([...bodies].map(([path, body]) => [path, Buffer.from(body)]))

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST') {
    digest(request, response)
    return
  }
  const body = answers.get(request.url ?? '')
  if (body !== undefined) {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body)
    return
  }
  // Which forwarding words arrived: the contenders must do the same work.
  const {
    'x-forwarded-for': forwardedFor,
    'x-forwarded-proto': proto,
    'x-forwarded-host': host,
  } = request.headers
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ for: forwardedFor, proto, host }))
}

/** Answers with the hash of the body, which shows that all of it arrived. */
function digest(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const text = hash('sha256', Buffer.concat(chunks))
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': text.length }).end(text)
  })
}

async function listen(): Promise<number> {
  const server = createServer({ keepAliveTimeout: keepAliveMs }, answer)
  server.on('upgrade', echo)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

announce(...(await Promise.all(Array.from({ length: Number(count) }, listen))))
