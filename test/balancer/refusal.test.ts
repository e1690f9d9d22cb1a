// Requests that could be read in two ways are refused before any instance sees them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from './support/balancer.ts'
import { connectRaw } from './support/client.ts'
import { startHttpInstance } from './support/instance.ts'

const many = Array.from({ length: 300 }, (_none, index) => `X-${index}: a\r\n`).join('')
const refused: Record<string, { text: string; status: number }> = {
  'an unknown transfer coding': {
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    status: 501,
  },
  'chunked said twice': {
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
  },
  'both a length and chunks': {
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
  },
  'two lengths': {
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    status: 400,
  },
  'a target beyond ASCII': { text: 'GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  'two hosts': { text: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', status: 400 },
  'no host': { text: 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n', status: 400 },
  'a folded header line': { text: 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n', status: 400 },
  'a blank before the colon': { text: 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', status: 400 },
  'a field name that is no token': { text: 'GET / HTTP/1.1\r\nHost: a\r\nX-Caf\xe9: b\r\n\r\n', status: 400 },
  'a NUL in a value': { text: 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n', status: 400 },
  'a bare CR in a value': { text: 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n', status: 400 },
  'a header section too large': {
    text: `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(70_000)}\r\n\r\n`,
    status: 431,
  },
  'too many header fields': { text: `GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`, status: 431 },
  'a malformed chunk size': {
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    status: 400,
  },
  'no HTTP at all': { text: 'hello there\r\n\r\n', status: 400 },
}

for (const [what, { text, status }] of Object.entries(refused)) {
  test(`a request with ${what} is answered ${status} and its connection closed`, async (t) => {
    const balancer = await startBalancer(t)
    const effects: string[] = []
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        request.on('error', () => undefined)
        request.on('end', () => effects.push(`${request.method} ${request.url}`)).resume()
        response.on('error', () => undefined)
        request.on('end', () => response.end('done'))
      }),
    )
    const client = await connectRaw(t, balancer.port)
    // A second request hidden behind the first must never be served.
    client.send(`${text}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
    await client.ends()
    assert.match(client.received(), new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.equal(client.received().match(/HTTP\/1\.1 \d+/g)?.length, 1, client.received())
    assert.deepEqual(effects, [])
    await balancer.quiet()
  })
}

test('a CONNECT is not served: the connection closes', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end()))
  const client = await connectRaw(t, balancer.port)
  client.send('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n')
  await client.ends()
  assert.doesNotMatch(client.received(), /200/)
})
