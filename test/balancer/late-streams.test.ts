// Streams that begin only after their instance has begun to leave, however it leaves: nobody would tell them later, so they
// are told at once.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { connectRaw, type RawClient } from './support/client.ts'
import { startRawInstance, type RawConnection, type TestInstance } from './support/instance.ts'

const neverMs = 300_000
const eventStream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const offer = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const lastChunk = '\r\n0\r\n\r\n'
/** A Close frame of the balancer's own, to a client; to an instance it is masked. */
const goodbye = '\x88\x0c\x03\xe9going away'

interface Asked extends TestBalancer {
  readonly client: RawClient
  readonly instance: TestInstance
  /** The instance's side of the request, of which it has said nothing yet. */
  readonly connection: RawConnection
}

async function startAsked(t: TestContext, request: string, streamCloseMs = neverMs): Promise<Asked> {
  const balancer = await startBalancer(t, { limits: { streamSpreadMs: neverMs, streamCloseMs } })
  const asked: RawConnection[] = []
  const instance = await startRawInstance(t, '1', (connection) => asked.push(connection))
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(request)
  const connection = await until('the instance is asked', () => asked[0])
  return { ...balancer, client, instance, connection }
}

const waysToLeave: Readonly<Record<string, (asked: Asked) => void>> = {
  'is draining': ({ balancer, instance }) => {
    balancer.setUpstreams([{ ...instance.upstream, draining: true }])
  },
  'is off the list': ({ use }) => {
    use()
  },
  'was restarted': ({ balancer, instance }) => {
    balancer.setUpstreams([{ ...instance.upstream, epoch: instance.upstream.epoch + 1_000 }])
  },
}

suite('late streams', { concurrency: true }, () => {
  for (const [way, leave] of Object.entries(waysToLeave)) {
    test(`an event stream that begins when its instance ${way} ends with its first event`, async (t) => {
      const asked = await startAsked(t, get)
      const { client, connection, instance } = asked
      leave(asked)
      connection.socket.write(`${eventStream}data: one\n\n`)
      await client.sees(lastChunk)
      assert.ok(client.received().includes('data: one\n\n'))
      await until('the instance is let go', () => instance.sockets.size === 0)
    })

    test(`a WebSocket that opens when its instance ${way} is told 1001 on both sides`, async (t) => {
      const asked = await startAsked(t, offer)
      const { client, connection } = asked
      leave(asked)
      connection.socket.write(switching)
      await client.sees(goodbye)
      await until('the instance is told', () => connection.received().includes('\r\n\r\n\x88\x8c'))
    })
  }

  test('an event of a late stream that had begun is passed whole', async (t) => {
    const asked = await startAsked(t, get)
    const { client, connection } = asked
    asked.use()
    connection.socket.write(`${eventStream}data: o`)
    await client.sees('data: o')
    connection.socket.write('ne\n\ndata: two\n\n')
    await client.sees(lastChunk)
    assert.match(client.received(), /data: o[^]*ne\n\n\r\n0\r\n\r\n$/)
  })

  test('an event of a late stream that does not end in its time is cut', async (t) => {
    const asked = await startAsked(t, get, 1)
    const { client, connection } = asked
    asked.use()
    connection.socket.write(`${eventStream}data: o`)
    assert.equal(await client.ends(), 'reset')
  })

  for (const [kind, request, answer, end] of [
    ['event stream', get, `${eventStream}data: one\n\n`, lastChunk],
    ['WebSocket', offer, switching, goodbye],
  ] as const) {
    test(`a balancer that drains ends ${kind}s that begin meanwhile, and cuts none`, async (t) => {
      const { balancer, client, connection } = await startAsked(t, request)
      const drained = balancer.drain(neverMs)
      connection.socket.write(answer)
      await client.sees(end)
      client.socket.end()
      connection.socket.end()
      assert.equal(await drained, 0)
    })
  }
})
