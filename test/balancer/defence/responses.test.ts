// What an instance says wrong never reaches a client in parts: it is 502, or the client's connection is reset. And what it
// says too much is nobody's answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { startBalancer } from '../support/balancer.ts'
import { connectRaw } from '../support/client.ts'
import { startRawInstance, type RawConnection } from '../support/instance.ts'
import { malformedResponses, secret } from './corpus/responses.ts'
import { Conversation } from './support/conversation.ts'

const request = (method: string, target: string) =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`

/** Says the bytes in so many pieces, and ends the connection. */
async function say({ socket }: RawConnection, bytes: string, pieces: number): Promise<void> {
  const length = Math.max(1, Math.ceil(bytes.length / pieces))
  for (let from = 0; from < bytes.length && socket.writable; from += length) {
    socket.write(bytes.slice(from, from + length))
    if (pieces > 1) await nextTurn()
  }
  socket.end()
}

test('a malformed response is 502, and no client sees anything of it', async (t) => {
  const limits = { attempts: 1, ejectAfter: 1_000_000 }
  const balancer = await startBalancer(t, { limits, reveal: false })
  let answer = ''
  let pieces = 1
  const instance = await startRawInstance(t, '1', (connection) => {
    void say(connection, answer, pieces)
  })
  balancer.use(instance)
  for (const [name, bytes] of malformedResponses) {
    await t.test(name, async () => {
      answer = bytes
      for (pieces of [1, 100]) {
        const client = await Conversation.open(balancer.port)
        client.say(request('GET', '/'))
        const received = await client.end()
        assert.match(received, /^HTTP\/1\.1 502 /)
        assert.equal(received.includes(secret), false, received)
        assert.equal(received.match(/HTTP\/1\.1 \d/g)?.length, 1, received)
      }
    })
  }
})

const genuine = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngenuine'
const forged = `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${secret}`
const excessive: Readonly<Record<string, { readonly method: string; readonly bytes: string }>> = {
  'another response behind it': { method: 'GET', bytes: genuine + forged },
  'another response behind chunks': {
    method: 'GET',
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ngenuine\r\n0\r\n\r\n${forged}`,
  },
  'a response behind its head for HEAD': {
    method: 'HEAD',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n${forged}`,
  },
  'a body with its 204': { method: 'GET', bytes: `HTTP/1.1 204 No Content\r\n\r\n${forged}` },
  'a body with its 304': {
    method: 'GET',
    bytes: `HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n${forged}`,
  },
  'a body of no bytes and a response': {
    method: 'GET',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${forged}`,
  },
}

for (const [what, { method, bytes }] of Object.entries(excessive)) {
  test(`an instance that sends ${what} answers no other request with it`, async (t) => {
    const balancer = await startBalancer(t, { reveal: false })
    balancer.use(
      await startRawInstance(t, '1', ({ socket }, head) => {
        socket.write(head.includes('/first') ? bytes : genuine)
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send(`${method} /first HTTP/1.1\r\nHost: a\r\n\r\n`)
    await client.sees('\r\n\r\n')
    client.send(request('GET', '/second'))
    await client.ends()
    const other = await Conversation.open(balancer.port)
    other.say(request('GET', '/third'))
    const received = client.received() + (await other.end())
    assert.equal(received.includes(secret), false, received)
    assert.match(received, /genuine$/)
    assert.equal(received.match(/HTTP\/1\.1 \d+/g)?.length, 3, received)
  })
}

const begun = 'x'.repeat(300_000)
const brokenLate: Readonly<Record<string, string>> = {
  'a chunk size that is none': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${begun.length.toString(16)}\r\n${begun}\r\nzz\r\n`,
  'a chunk without an end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${begun.length.toString(16)}\r\n${begun}0\r\n\r\n`,
  'a malformed trailer': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${begun.length.toString(16)}\r\n${begun}\r\n0\r\nX : y\r\n\r\n`,
  'less than its length': `HTTP/1.1 200 OK\r\nContent-Length: 300001\r\n\r\n${begun}`,
}

for (const [what, bytes] of Object.entries(brokenLate)) {
  test(`a response that turns out to have ${what} when the client has its begin is reset, never ended`, async (t) => {
    const balancer = await startBalancer(t, { reveal: false })
    balancer.use(
      await startRawInstance(t, '1', (connection) => {
        void say(connection, bytes, 1)
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send(request('POST', '/'))
    assert.equal(await client.ends(), 'reset')
    const received = client.received()
    assert.match(received, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(received, /\r\n0\r\n\r\n$/)
    await balancer.quiet()
  })
}
