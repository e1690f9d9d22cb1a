import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { listen } from '../../test/support/free-port.ts'
import { until } from '../../test/support/until.ts'
import { Connections } from './connections.ts'

async function connected(t: TestContext) {
  let nowMs = 0
  const server = createServer()
  const connections = new Connections(server, () => nowMs)
  server.on('request', (req, res) => {
    connections.begin(req, res)
    if (req.url === '/now') res.end('now')
  })
  const port = await listen(server)
  const accepted = once(server, 'connection')
  const client = connect(port, '127.0.0.1')
  client.resume().on('error', () => undefined)
  await accepted
  t.after(() => {
    client.destroy()
    server.close()
    server.closeAllConnections()
  })
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { connections, client, pass }
}

test('a connection without work is closed once it has been quiet long enough', async (t) => {
  const { connections, client, pass } = await connected(t)
  pass(999)
  connections.closeQuiet(1_000)
  assert.equal(connections.isEmptySince(0), false)
  pass(1)
  connections.closeQuiet(1_000)
  await once(client, 'close')
  await until('it is forgotten', () => connections.isEmptySince(1_000))
  assert.equal(connections.isEmptySince(1_001), false)
})

test('a connection with work is not quiet, and is quiet anew after it', async (t) => {
  const { connections, client, pass } = await connected(t)
  pass(5_000)
  client.write('GET /now HTTP/1.1\r\nHost: test\r\n\r\n')
  await once(client, 'data')
  await until('the answer is complete', () => connections.inFlight === 0)
  connections.closeQuiet(1_000)
  client.write('GET /never HTTP/1.1\r\nHost: test\r\n\r\n')
  await until('the next is begun', () => connections.inFlight === 1)
  pass(5_000)
  connections.closeQuiet(1_000)
  assert.equal(connections.inFlight, 1)
  assert.deepEqual(connections.destroy(), { requests: 1, upgraded: 0 })
  await until('it is gone', () => connections.inFlight === 0 && connections.isEmptySince(0))
})
