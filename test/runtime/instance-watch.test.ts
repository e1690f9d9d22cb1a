// Instances watched from outside: real ones that stop, are busy or grow, and servers that answer in every other way.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { telemetryPath } from '../../src/base/instance-telemetry.ts'
import { listen } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { ManualTime, startFake, startInstance, startWatch, tells, viewOf } from './watched.ts'

test('an instance that is stopped is told to hang once, and is asked no more', async (t) => {
  const { watch, told } = startWatch(t, { hangTimeoutMs: 600 })
  const view = await startInstance(t, '3')
  watch.follow([view])
  await until('telemetry', () => told.telemetry.length > 1)
  process.kill(view.pid ?? 0, 'SIGSTOP')
  await until('it hangs', () => told.hangs.length > 0)
  assert.deepEqual(told.hangs, ['3#1 did not answer for 600 ms'])
  assert.equal(watch.latest('3')?.liveness, 'hung')
  process.kill(view.pid ?? 0, 'SIGCONT')
  const count = told.telemetry.length
  const other = await startFake(t, tells())
  watch.follow([view, viewOf('4', other.port)])
  await until('another is asked often', () => other.asked.length > 3)
  assert.equal(told.telemetry.filter(({ id }) => id === '3').length, count)
})

test('an instance that is busy all the time, but answers, is not told to hang', async (t) => {
  const { watch, told } = startWatch(t, { hangTimeoutMs: 10_000 })
  watch.follow([await startInstance(t, '1', 'busy')])
  const last = await until('it has answered', () => told.telemetry[3])
  assert.ok((last.telemetry?.eventLoopUtilization ?? 0) > 0.5, 'it is busy')
  assert.deepEqual(told.hangs, [])
})

test('an instance with another secret word tells no telemetry: the health path is asked, and tells that it hangs', async (t) => {
  const { watch, told } = startWatch(t, { hangTimeoutMs: 600, healthPath: '/livez' })
  const view = await startInstance(t, '1', 'calm', { DROVER_MARKER: 'another-word' })
  watch.follow([view])
  await until('it tells none', () => told.telemetry.length > 0)
  assert.deepEqual(told.telemetry, [{ id: '1', telemetry: undefined }])
  process.kill(view.pid ?? 0, 'SIGSTOP')
  await until('it hangs', () => told.hangs.length > 0)
})

test('variables that differ or are missing on an instance are told by name, and no value leaves it', async (t) => {
  const { watch, told } = startWatch(t)
  const DROVER_FINGERPRINT = 'DATABASE_URL,REGION'
  const env = {
    DROVER_FINGERPRINT,
    REGION: 'eu',
    DATABASE_URL: 'postgres://first',
    SESSION_KEYS: 'key-of-all',
  }
  const other = { DROVER_FINGERPRINT, REGION: 'eu', SESSION_KEYS: 'key-of-one' }
  const [first, same, odd] = await Promise.all([
    startInstance(t, '1', 'calm', env),
    startInstance(t, '2', 'calm', env),
    startInstance(t, '3', 'calm', other),
  ])
  watch.follow([first])
  await until('the first has told', () => told.telemetry.length > 0)
  const ofAnotherVersion = { ...odd, id: '4', version: { number: 2 } }
  watch.follow([first, same, odd, ofAnotherVersion])
  await until('all have told', () => new Set(told.telemetry.map(({ id }) => id)).size === 4)
  assert.deepEqual(told.drifts, [
    '3#1 DATABASE_URL is missing on instance 3, SESSION_KEYS differs on instance 3',
  ])
  assert.doesNotMatch(JSON.stringify(told.telemetry), /postgres|key-of|"eu"/)
})

test('memory above the ceiling is told once, that of children included, and so are the processors it keeps busy', async (t) => {
  const { watch, told } = startWatch(t, { memoryCeilingBytes: 200e6, lookIntervalMs: 40 })
  const views = await Promise.all([startInstance(t, '1', 'hoards'), startInstance(t, '2', 'busy')])
  watch.follow(views)
  const { id, rssBytes } = await until('too much is told', () => told.memory[0])
  assert.equal(id, '1')
  assert.ok(rssBytes > 200e6, `${rssBytes} bytes`)
  await until('the busy one is seen to use a processor', () => (watch.latest('2')?.coresUsed ?? 0) > 0.1)
  assert.ok((watch.latest('2')?.rssBytes ?? 0) > 10e6)
  assert.deepEqual([...new Set(told.memory.map((one) => one.id))], ['1'])
})

test('too much memory is told from the second look of an epoch on, and a look that fails is none', async (t) => {
  const time = new ManualTime()
  const group = [{ pid: 7, groupId: 7, startTime: 'a', rssBytes: 300, cpuMs: 0 }]
  let canRead = true
  const readUsage = async () => {
    if (canRead) return new Map([[7, group]])
    throw new Error('ps is not there')
  }
  const ports = { scheduler: time, nowMs: () => time.nowMs, readUsage }
  const { watch, told } = startWatch(t, { memoryCeilingBytes: 200 }, ports)
  const fake = await startFake(t, (_req, res) => res.end('hello'))
  const look = async () => {
    time.advance(5_000)
    await new Promise((resolve) => setImmediate(resolve))
    return told.memory.length
  }
  watch.follow([viewOf('1', fake.port, { pid: 7 })])
  assert.deepEqual([await look(), await look(), await look()], [0, 1, 2])
  watch.follow([viewOf('1', fake.port, { pid: 7, epoch: 2 })])
  assert.equal(await look(), 2)
  canRead = false
  assert.equal(await look(), 2)
  canRead = true
  assert.equal(await look(), 3)
})

test('any answer of the health path counts as alive', async (t) => {
  const { watch, told } = startWatch(t, { healthPath: '/health', hangTimeoutMs: 10_000 })
  const fake = await startFake(t, (_req, res) => {
    res.statusCode = 500
    res.end('ill')
  })
  watch.follow([viewOf('1', fake.port)])
  await until('it was asked again and again', () => fake.asked.length > 3)
  assert.deepEqual([fake.asked[0], ...new Set(fake.asked.slice(1))], [telemetryPath, '/health'])
  assert.deepEqual([told.telemetry, told.hangs], [[{ id: '1', telemetry: undefined }], []])
})

test('without telemetry and health path an instance is asked no more', async (t) => {
  const { watch, told } = startWatch(t)
  const foreign = await startFake(t, (_req, res) => res.end('hello'))
  const ours = await startFake(t, tells())
  watch.follow([viewOf('1', foreign.port), viewOf('2', ours.port)])
  await until('the other is asked again and again', () => ours.asked.length > 4)
  assert.deepEqual(foreign.asked, [telemetryPath])
  assert.deepEqual(
    told.telemetry.filter(({ id }) => id === '1'),
    [{ id: '1', telemetry: undefined }],
  )
})

test('a connection that the instance closes unanswered counts as alive, and three as no telemetry', async (t) => {
  const { watch, told } = startWatch(t, { hangTimeoutMs: 10_000 })
  const server = createServer((socket) => socket.resume().once('data', () => socket.destroy()))
  t.after(() => server.close())
  watch.follow([viewOf('1', await listen(server))])
  await until('it tells none', () => told.telemetry.length > 0)
  assert.deepEqual([told.telemetry, told.hangs], [[{ id: '1', telemetry: undefined }], []])
})

/** Time that the test moves, and an instance whose first telemetry has come. */
async function watchInManualTime(t: TestContext) {
  const time = new ManualTime()
  const ports = { scheduler: time, nowMs: () => time.nowMs, readUsage: async () => new Map() }
  const underTest = startWatch(t, { intervalMs: 1_000, healthPath: '/health' }, ports)
  const fake = await startFake(t, tells())
  underTest.watch.follow([viewOf('1', fake.port)])
  await until('its telemetry', () => underTest.told.telemetry.length > 0)
  return { ...underTest, time, fake }
}

test('silence counts from the first question without an answer, and not while the watch itself stood still', async (t) => {
  const { watch, told, time, fake } = await watchInManualTime(t)
  fake.answer = () => undefined
  time.advance(1_000)
  assert.equal(watch.latest('1')?.liveness, 'alive')
  time.advance(4_750)
  assert.deepEqual([watch.latest('1')?.liveness, told.hangs], ['suspect', []])
  time.standStill(3_600_000)
  assert.deepEqual(told.hangs, [])
  time.advance(4_750)
  assert.deepEqual(told.hangs, [])
  time.advance(250)
  assert.deepEqual(told.hangs, ['1#1 did not answer for 5000 ms'])
})

test('an answer after a long silence ends it', async (t) => {
  const { watch, told, time, fake } = await watchInManualTime(t)
  const held = Promise.withResolvers<undefined>()
  fake.answer = (req, res) => void held.promise.then(() => tells()(req, res))
  time.advance(5_750)
  assert.equal(watch.latest('1')?.liveness, 'suspect')
  await until('the question arrived', () => fake.asked.length > 1)
  held.resolve(undefined)
  await until('the answer is read', () => told.telemetry.length > 1)
  time.advance(1_000)
  assert.deepEqual([watch.latest('1')?.liveness, told.hangs], ['alive', []])
})

test('an app that leaves the telemetry path unanswered is asked for its health, and hangs only if it leaves that too', async (t) => {
  const time = new ManualTime()
  const ports = { scheduler: time, nowMs: () => time.nowMs, readUsage: async () => new Map() }
  const { watch, told } = startWatch(t, { intervalMs: 1_000, healthPath: '/health' }, ports)
  let healthRead = 0
  const fake = await startFake(t, (req, res) => {
    if (req.url !== '/health') return
    // Never ended: the connection closes once the watch has read enough, and not before.
    req.socket.once('close', () => (healthRead += 1))
    res.write('well')
  })
  watch.follow([viewOf('1', fake.port)])
  for (const round of [1, 2]) {
    await until('telemetry is asked for', () => fake.asked.length === 2 * round - 1)
    time.advance(5_000)
    await until('the answer about its health is read', () => healthRead === round)
    time.advance(1_000)
  }
  time.advance(5_000)
  assert.deepEqual([told.telemetry, told.hangs], [[{ id: '1', telemetry: undefined }], []])
  fake.answer = () => undefined
  time.advance(6_000)
  assert.deepEqual(told.hangs, ['1#1 did not answer for 5000 ms'])
})

test('routes hold when every ready instance has announced them, and not while one has yet to', async (t) => {
  const { watch, told } = startWatch(t)
  const orders = { path: '/orders', methods: ['POST'], mint: false }
  const cart = { path: '/cart', methods: ['POST'], mint: true }
  const both = await startFake(t, tells({ idempotentRoutes: [orders, cart] }))
  const one = await startFake(t, tells({ idempotentRoutes: [orders] }))
  watch.follow([viewOf('1', both.port)])
  await until('both hold', () => told.routes.length > 0)
  watch.follow([viewOf('1', both.port), viewOf('2', one.port)])
  assert.deepEqual(told.routes.at(-1), [], 'at once, before anybody is told of the second')
  await until('one holds', () => told.routes.length > 2)
  watch.follow([viewOf('1', both.port), viewOf('2', one.port, { state: 'draining' })])
  watch.follow([viewOf('1', both.port, { epoch: 2 })])
  await until('the restarted one has announced', () => told.routes.length > 5)
  assert.deepEqual(told.routes, [[orders, cart], [], [orders], [orders, cart], [], [orders, cart]])
})

test('what instances told when they were admitted holds for each of them, whichever is ready first', async (t) => {
  const { watch, told } = startWatch(t)
  const orders = { path: '/orders', methods: ['POST'], mint: false }
  const fakes = [
    await startFake(t, tells({ idempotentRoutes: [orders] })),
    await startFake(t, tells({ idempotentRoutes: [orders] })),
  ]
  const [first, second] = fakes.map(({ port }, index) => viewOf(String(index + 1), port))
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual(await Promise.all([watch.admit(first), watch.admit(second)]), [undefined, undefined])
  watch.follow([first])
  watch.follow([first, second])
  assert.deepEqual(told.routes, [[orders]])
})

test('after it was closed nothing is told, and no question is left open', async (t) => {
  const { watch, told } = startWatch(t)
  const held = Promise.withResolvers<ServerResponse>()
  const fake = await startFake(t, (_req, res) => held.resolve(res))
  watch.follow([viewOf('1', fake.port)])
  const response = await held.promise
  watch.close()
  await until('the question is given up', () => response.closed)
  assert.equal(watch.latest('1'), undefined)
  assert.deepEqual(told.telemetry, [])
})
