// The PROXY protocol on real sockets: no byte of what follows the header is lost, however the bytes arrive.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  MalformedProxyHeader,
  readProxyHeader,
  type ProxySource,
} from '../../src/balancer/client/proxy-protocol.ts'
import { openPair } from '../support/socket-pair.ts'

const header = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const source = { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: undefined }

/** Reads the header, then the rest as the next reader does. */
async function readAll(server: Socket): Promise<[ProxySource, string]> {
  const read = await readProxyHeader(server, 10_000)
  let text = ''
  server.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  await once(server, 'end')
  return [read, text]
}

test('readProxyHeader leaves a request that came in the same packet', async (t) => {
  const { client, server } = await openPair(t)
  client.end(header + request)
  assert.deepEqual(await readAll(server), [source, request])
})

test('readProxyHeader leaves a request that comes later', async (t) => {
  const { client, server } = await openPair(t)
  client.write(header)
  assert.deepEqual(await readProxyHeader(server, 10_000), source)
  server.setEncoding('latin1')
  const told = once(server, 'data')
  client.write(request)
  assert.deepEqual(await told, [request])
})

test('readProxyHeader loses no byte, however the bytes are cut', async (t) => {
  const text = header + request
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const { client, server } = await openPair(t)
      const read = readAll(server)
      let from = 0
      for (const place of places.toSorted((a, b) => a - b)) {
        client.write(text.slice(from, place))
        from = place
        await new Promise(setImmediate)
      }
      client.end(text.slice(from))
      assert.deepEqual(await read, [source, request])
    }),
    { numRuns: 40 },
  )
})

test('readProxyHeader reads a header that comes byte by byte', async (t) => {
  const { client, server } = await openPair(t)
  const read = readAll(server)
  for (const byte of header + request) {
    client.write(byte)
    await new Promise(setImmediate)
  }
  client.end()
  assert.deepEqual(await read, [source, request])
})

test('readProxyHeader refuses a connection that begins otherwise, ends early, or says nothing in time', async (t) => {
  const wrong = await openPair(t)
  wrong.client.write(request)
  await assert.rejects(readProxyHeader(wrong.server, 10_000), MalformedProxyHeader)
  const short = await openPair(t)
  short.client.end(header.slice(0, 20))
  await assert.rejects(readProxyHeader(short.server, 10_000), /ended before/)
  const gone = await openPair(t)
  gone.client.resetAndDestroy()
  await assert.rejects(readProxyHeader(gone.server, 10_000), /ended before/)
  const mute = await openPair(t)
  mute.client.write(header.slice(0, 20))
  await assert.rejects(readProxyHeader(mute.server, 20), /too long/)
})
