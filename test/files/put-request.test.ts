// A request whose body is put as it comes: what is refused is answered, whatever is still under way.
import assert from 'node:assert/strict'
import { createServer, request as send, Agent } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { files } from '../../src/files/index.ts'
import { listen } from '../support/free-port.ts'

const folder = await mkdtemp(join(tmpdir(), 'drover-put-'))
const store = files(`file:${folder}`, { maxBytes: 100_000 })

/** `PUT /read/KEY` reads the body before it is put, as a parser does that stands in front. */
async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [, first = '', key = first] = req.url?.split('/') ?? []
  try {
    if (first === 'read') await text(req)
    const { size } = await store.put(key, req, { contentType: 'text/plain' })
    res.end(String(size))
  } catch (error) {
    res.statusCode = isDroverError(error) ? error.status : 500
    res.end(isDroverError(error) ? error.code : String(error))
  }
}

const server = createServer((req, res) => void answer(req, res))
const port = await listen(server)
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
after(async () => {
  agent.destroy()
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
})

async function put(
  path: string,
  body: Buffer,
): Promise<{ readonly answer: string; readonly socket: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const req = send({ port, path, method: 'PUT', agent }, resolve)
  req.once('error', reject)
  req.end(body)
  const res = await promise
  return { answer: `${res.statusCode} ${await text(res)}`, socket: req.socket }
}

test('a request that is too large is answered on its connection, which goes on serving', async () => {
  const refused = await put('/large', Buffer.alloc(3_000_000))
  assert.equal(refused.answer, '413 FILE_TOO_LARGE')
  const stored = await put('/small', Buffer.alloc(10))
  assert.equal(stored.answer, '200 10')
  assert.equal(stored.socket, refused.socket)
  assert.equal(await store.stat('large'), undefined)
})

test('a request that was read before is refused, rather than stored as an empty file', async () => {
  const refused = await put('/read/before', Buffer.alloc(10))
  assert.equal(refused.answer, '400 FILE_INCOMPLETE')
  assert.equal(await store.stat('before'), undefined)
})
