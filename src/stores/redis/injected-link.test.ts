import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InjectedRedisClient } from './commands.ts'
import { redisDefaults } from './defaults.ts'
import { InjectedLink } from './injected-link.ts'

const limits = { ...redisDefaults, failuresToOpen: 3, probeIntervalMs: 3_600_000 }
const unavailable = { code: 'STORE_UNAVAILABLE' }

/** A client whose server does what the test says. */
class Client implements InjectedRedisClient {
  isReady = true
  isOpen = true
  asked = 0
  reply: () => Promise<unknown> = () => Promise.resolve(null)

  readonly get = (): Promise<unknown> => {
    this.asked += 1
    return this.reply()
  }
  readonly hGetAll = this.get
  readonly evalSha = this.get
  readonly eval = this.get
  readonly del = this.get
}

const ask = (link: InjectedLink) => link.run('ask', (redis) => redis.get('key'))
const fails = (message: string) => () => Promise.reject(new Error(message))

describe('InjectedLink', () => {
  test('after some failures in a row calls fail at once, saying why, and the client is left alone', async () => {
    const client = new Client()
    const link = new InjectedLink(client, limits)
    client.reply = fails('Socket closed unexpectedly')
    for (let at = 0; at < 3; at += 1) await assert.rejects(ask(link), unavailable)
    const message = /Cannot ask: Redis has failed \(Socket closed unexpectedly\)/
    for (let at = 0; at < 5; at += 1) await assert.rejects(ask(link), { ...unavailable, message })
    assert.equal(client.asked, 3)
  })

  test('one call probes it when the interval is over, and its success lets all through again', async () => {
    const client = new Client()
    const link = new InjectedLink(client, { ...limits, probeIntervalMs: 0 })
    client.reply = fails('read ECONNRESET')
    for (let at = 0; at < 3; at += 1) await assert.rejects(ask(link), unavailable)
    client.reply = () => Promise.resolve('value')
    assert.deepEqual(
      await Promise.allSettled([ask(link), ask(link)]).then((all) => all.map(({ status }) => status)),
      ['fulfilled', 'rejected'],
    )
    assert.deepEqual(await Promise.all([ask(link), ask(link)]), ['value', 'value'])
  })

  test('error replies and malformed records are answers: they keep nobody else from the server', async () => {
    const client = new Client()
    const link = new InjectedLink(client, limits)
    client.reply = fails('WRONGTYPE Operation against a key')
    for (let at = 0; at < 9; at += 1) await assert.rejects(ask(link), unavailable)
    client.reply = () => Promise.resolve('strange')
    const read = () =>
      link.run('read', async (redis) => {
        await redis.get('key')
        throw new Error('the record is malformed')
      })
    for (let at = 0; at < 9; at += 1) await assert.rejects(read(), unavailable)
    assert.equal(client.asked, 18)
  })

  test('a client that is not connected, or not open, is not asked at all', async () => {
    const client = new Client()
    const link = new InjectedLink(client, limits)
    client.isReady = false
    await assert.rejects(ask(link), { ...unavailable, message: /not connected/ })
    client.isReady = true
    client.isOpen = false
    await assert.rejects(ask(link), { ...unavailable, message: /not connected/ })
    client.isOpen = true
    assert.equal(await ask(link), null)
    assert.equal(client.asked, 1)
  })

  test('told by shape: a Cluster client asks the node of the key for its replicas', async () => {
    const waited: unknown[] = []
    const node = { wait: (...given: unknown[]) => Promise.resolve(waited.push(given)) }
    const slots = Array.from({ length: 16_384 }, (_, slot) => ({ master: slot }))
    const cluster = Object.assign(new Client(), {
      slots,
      nodeClient: (master: unknown) => Promise.resolve(master === 12_182 ? node : undefined),
    })
    const link = new InjectedLink(cluster, limits)
    assert.equal(link.isCluster, true)
    assert.equal(new InjectedLink(new Client(), limits).isCluster, false)
    await link.run('wait', async (redis) => redis.waitOn?.('foo', 1, 200))
    assert.deepEqual(waited, [[1, 200]])
    await assert.rejects(
      link.run('wait', async (redis) => redis.waitOn?.('bar', 1, 200)),
      unavailable,
    )
  })
})
