import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { readLines, silenceTimeoutMs } from './line-reader.ts'

/** The two ends of one answer. */
async function connect(t: TestContext): Promise<{ to: ServerResponse; from: IncomingMessage }> {
  const asked = Promise.withResolvers<ServerResponse>()
  const server = createServer((_, response) => {
    response.flushHeaders()
    asked.resolve(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const answered = Promise.withResolvers<IncomingMessage>()
  get({ port, host: '127.0.0.1', agent: false }, answered.resolve).once('error', answered.reject)
  return { to: await asked.promise, from: await answered.promise }
}

test('readLines puts lines together, and passes blank ones over', async (t) => {
  const { to, from } = await connect(t)
  const lines: string[] = []
  const reading = readLines(from, (line) => {
    lines.push(line)
    if (line === 'one') to.end('ö\n\n\nthree\nrest without an end')
  })
  to.write('one\ntw')
  await reading
  assert.deepEqual(lines, ['one', 'twö', 'three'])
})

test('readLines gives up on a fleet that falls silent', async (t) => {
  const { to, from } = await connect(t)
  to.write('one\n')
  await assert.rejects(
    readLines(from, () => undefined, 20),
    { code: 'CONTROL_FAILED', message: 'Cannot reach the fleet: it is silent for 0.02 s' },
  )
})

test('readLines does not count its own reader as silence', async (t) => {
  const { to, from } = await connect(t)
  to.end('one\ntwo\n')
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  const lines: string[] = []
  await readLines(from, (line) => {
    lines.push(line)
    t.mock.timers.tick(2 * silenceTimeoutMs)
  })
  assert.deepEqual(lines, ['one', 'two'])
})

test('readLines refuses a line without an end', async (t) => {
  const { to, from } = await connect(t)
  to.end('x'.repeat(3 * 1024 * 1024))
  await assert.rejects(
    readLines(from, () => undefined),
    { code: 'CONTROL_FAILED', message: /a line is over \d+ characters$/ },
  )
})
