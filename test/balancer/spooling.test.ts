// Large bodies outlive their instance: kept on disk within bounds, sent again whole, and nothing of them stays.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { request as startRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw, readAnswer } from './support/client.ts'
import { startHttpInstance, type HttpInstance } from './support/instance.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const size = 5_000_000
const keptInMemory = 1_000

interface Upload {
  readonly instance: string
  readonly bytes: number
  readonly sha: string
}

interface Fleet extends TestBalancer {
  /** Bodies that reached an instance whole, in order. */
  readonly uploads: readonly Upload[]
  /** Files of bodies that are open now. */
  readonly files: () => number
  /** Reads a body whole, then dies without an answer. */
  readonly dying: HttpInstance
  readonly living: HttpInstance
}

async function startFleet(t: TestContext, limits: Partial<BalancerLimits> = {}): Promise<Fleet> {
  const spoolDir = await temporaryFolder('spool')
  const balancer = await startBalancer(t, {
    random: () => 0,
    spoolDir,
    limits: { replayBytes: keptInMemory, ...limits },
  })
  const uploads: Upload[] = []
  const start = (
    instance: string,
    whenRead: (request: IncomingMessage, upload: Upload) => string | undefined,
  ) =>
    startHttpInstance(t, instance, (request, response) => {
      const hash = createHash('sha256')
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        hash.update(chunk)
      })
      request.on('end', () => {
        const upload = { instance, bytes, sha: hash.digest('hex') }
        uploads.push(upload)
        response.end(whenRead(request, upload))
      })
    })
  const dying = await start('dying', ({ socket }) => {
    socket.resetAndDestroy()
    return undefined
  })
  const living = await start('living', (_request, { bytes, sha }) => `${bytes} ${sha}`)
  balancer.use(dying, living)
  return { ...balancer, uploads, files: () => openFiles(spoolDir), dying, living }
}

/** A file without a name is seen among the descriptors of the process; where a system has no list of those, it has a name. */
function openFiles(folder: string): number {
  if (process.platform !== 'linux') return readdirSync(folder).length
  return readdirSync('/proc/self/fd').filter((descriptor) => isIn(folder, descriptor)).length
}

function isIn(folder: string, descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder)
  } catch {
    // The one the list itself was read by.
    return false
  }
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

const closed = (files: () => number) => until('no file is open', () => files() === 0)

test('a PUT of 5 MB whose instance dies at its end is sent again whole to another', async (t) => {
  const { port, uploads, files, quiet } = await startFleet(t)
  const body = randomBytes(size)
  const answer = await call(port, '/', { method: 'PUT' }, body)
  assert.deepEqual([answer.status, answer.instance, answer.text], [200, 'living', `${size} ${hashOf(body)}`])
  assert.deepEqual(
    uploads.map(({ instance, sha: seen }) => [instance, seen]),
    [
      ['dying', hashOf(body)],
      ['living', hashOf(body)],
    ],
  )
  await quiet()
  await closed(files)
})

test('a body in chunks, whose length nobody knows ahead, is sent again whole as well', async (t) => {
  const { port, uploads, files } = await startFleet(t)
  const body = randomBytes(size)
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    const request = startRequest({ port, host: '127.0.0.1', method: 'PUT', agent: false })
    request.on('error', reject).once('response', resolve)
    for (let from = 0; from < size; from += 70_001) request.write(body.subarray(from, from + 70_001))
    request.end()
  })
  const answer = await readAnswer(await responded)
  assert.deepEqual([answer.status, answer.text], [200, `${size} ${hashOf(body)}`])
  assert.equal(uploads.length, 2)
  await closed(files)
})

test('an instance that dies in the middle of a body is replaced by one that gets it from its first byte', async (t) => {
  const { port, dying, living, files, uploads } = await startFleet(t)
  const body = randomBytes(size)
  const client = await connectRaw(t, port)
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.socket.write(body.subarray(0, size / 2))
  await until('a file is open', () => files() === 1)
  await dying.die()
  await until('the other is asked', () => living.sockets.size === 1)
  client.socket.write(body.subarray(size / 2))
  await client.sees(`${size} ${hashOf(body)}`)
  assert.deepEqual(
    uploads.map(({ instance }) => instance),
    ['living'],
  )
  await closed(files)
})

test('a POST of 5 MB waits for an instance and reaches it whole', async (t) => {
  const { port, use, living, files, waits } = await startFleet(t)
  use()
  const body = randomBytes(size)
  const answer = call(port, '/', { method: 'POST' }, body)
  await waits()
  use(living)
  assert.deepEqual([(await answer).status, (await answer).text], [200, `${size} ${hashOf(body)}`])
  await closed(files)
})

const beyond: [what: string, limits: Partial<BalancerLimits>][] = [
  ['one body may have on disk', { spoolBytes: size - 1 }],
  ['all bodies may have on disk', { spoolTotalBytes: size - 1 }],
  ['memory takes, where the disk is not to be used', { spoolBytes: 0 }],
]

for (const [what, limits] of beyond) {
  test(`a PUT larger than ${what} reaches its instance whole; when that dies the client is told 502`, async (t) => {
    const { port, uploads, living, files, quiet } = await startFleet(t, limits)
    const body = randomBytes(size)
    const answer = await call(port, '/', { method: 'PUT' }, body)
    assert.equal(answer.status, 502)
    assert.deepEqual(uploads, [{ instance: 'dying', bytes: size, sha: hashOf(body) }])
    assert.equal(living.accepted(), 0)
    await quiet()
    await closed(files)
  })
}

test('a folder that is not there costs only the repeat, not the request', async (t) => {
  const { port, balancer, use, living, dying } = await startFleet(t)
  balancer.configure({ reveal: true, limits: { replayBytes: keptInMemory }, spoolDir: '/nonexistent/folder' })
  const body = randomBytes(size)
  use(living)
  assert.equal((await call(port, '/', { method: 'PUT' }, body)).text, `${size} ${hashOf(body)}`)
  use(dying, living)
  assert.equal((await call(port, '/', { method: 'PUT' }, body)).status, 502)
})

test('a body that fits in memory is repeated without a file', async (t) => {
  const { port, balancer, files } = await startFleet(t)
  balancer.configure({ reveal: true, limits: { replayBytes: size }, spoolDir: '/nonexistent/folder' })
  const body = randomBytes(size)
  assert.equal((await call(port, '/', { method: 'PUT' }, body)).text, `${size} ${hashOf(body)}`)
  assert.equal(files(), 0)
})

for (const leave of ['destroy', 'resetAndDestroy'] as const) {
  test(`a client that leaves in the middle of its body by ${leave} leaves nothing behind`, async (t) => {
    const { port, dying, files, quiet, uploads, records } = await startFleet(t)
    const client = await connectRaw(t, port)
    client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    client.socket.write(randomBytes(size / 2))
    await until('a file is open', () => files() === 1)
    client.socket[leave]()
    await closed(files)
    await until('the instance is let go', () => dying.sockets.size === 0)
    await quiet()
    assert.deepEqual(uploads, [])
    assert.deepEqual(
      records.map(({ end }) => end),
      ['client-left'],
    )
  })
}

test('a client that leaves while its body is sent again leaves nothing behind', async (t) => {
  const { port, living, files, quiet } = await startFleet(t)
  living.server.removeAllListeners('request').on('request', (request: IncomingMessage) => request.pause())
  const client = await connectRaw(t, port)
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.socket.write(randomBytes(size))
  await until('the second is asked', () => living.sockets.size === 1)
  assert.equal(files(), 1)
  client.socket.destroy()
  await closed(files)
  await quiet()
})

test('a body is forgotten when its answer has begun: it cannot be repeated any more', async (t) => {
  const { port, living, use, files } = await startFleet(t, { holdTimeMs: 1 })
  const answers: ServerResponse[] = []
  living.server
    .removeAllListeners('request')
    .on('request', (_request, response: ServerResponse) => answers.push(response))
  use(living)
  const client = await connectRaw(t, port)
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.socket.write(randomBytes(size / 2))
  await until('the instance is asked and a file is open', () => answers.length === 1 && files() === 1)
  answers[0]?.writeHead(200, { 'content-length': 5 }).write('be')
  await client.sees('\r\n\r\nbe')
  await closed(files)
})
