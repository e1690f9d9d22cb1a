// What an instance tells of itself, and to whom.
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { telemetryPath, telemetrySecretHeader } from '../../src/base/instance-telemetry.ts'
import type { InstanceTelemetry } from '../../src/base/instance-telemetry.ts'
import { isDroverError } from '../../src/base/errors.ts'
import { call, connectRaw } from '../balancer/support/client.ts'
import { until } from '../support/until.ts'
import { nodeListener, Site } from './support/kinds.ts'
import { elsewhere, startServed, underDrover } from './support/served.ts'

const secret = { [telemetrySecretHeader]: 'secret-word' }

test('the supervisor, which knows the secret word, is told of load, memory, fingerprint and routes', async (t) => {
  const site = new Site()
  const options = { fingerprint: { currency: 'EUR' }, idempotentRoutes: ['/orders'] }
  const shared = { DROVER_FINGERPRINT: 'REGION', REGION: 'eu', DROVER_VERSION: '3f2a' }
  const instance = startServed(t, nodeListener(site), options, { ...underDrover, ...shared })
  await instance.ready
  const client = await connectRaw(t, instance.port)
  client.send('GET /hold HTTP/1.1\r\nHost: test\r\n\r\n')
  await until('the handler has it', () => site.seen.includes('GET /hold'))
  const answer = await call(instance.port, telemetryPath, { headers: secret })
  assert.deepEqual(
    [answer.headers['content-type'], answer.headers['cache-control']],
    ['application/json', 'no-store'],
  )
  const told = JSON.parse(answer.text) as InstanceTelemetry
  const { pid, state, inFlight, upgraded, requests, refused } = told
  assert.deepEqual(
    { pid, state, inFlight, upgraded, requests, refused },
    { pid: process.pid, state: 'serving', inFlight: 1, upgraded: 0, requests: 1, refused: 0 },
  )
  assert.ok(told.eventLoopUtilization >= 0 && told.eventLoopUtilization <= 1)
  assert.ok(told.eventLoopDelayMaxMs >= told.eventLoopDelayP99Ms && told.eventLoopDelayP99Ms >= 0)
  assert.ok(told.rssBytes > told.heapUsedBytes && told.heapUsedBytes > 0)
  assert.deepEqual(Object.keys(told.fingerprint).toSorted(), ['DROVER_VERSION', 'REGION', 'currency'])
  for (const hash of Object.values(told.fingerprint)) assert.match(hash, /^[\w-]{16}$/)
  assert.deepEqual(told.idempotentRoutes, [{ path: '/orders', methods: ['POST', 'PATCH'], mint: false }])
  assert.deepEqual(Object.keys(told).toSorted(), Object.keys(instance.telemetry()).toSorted())
  client.socket.destroy()
  await until('the request is gone with its connection', () => instance.telemetry().inFlight === 0)
  site.release()
})

test('for everybody else the path is the app’s own', async (t) => {
  const site = new Site()
  const instance = startServed(t, nodeListener(site), {}, underDrover)
  await instance.ready
  for (const headers of [{}, { [telemetrySecretHeader]: 'another' }]) {
    assert.equal((await call(instance.port, telemetryPath, { headers })).text, 'hello')
  }
  const foreign = startServed(t, nodeListener(site), {}, elsewhere)
  await foreign.ready
  assert.equal((await call(foreign.port, telemetryPath, { headers: secret })).text, 'hello')
})

test('a busy event loop is told', async (t) => {
  const instance = startServed(t, nodeListener(new Site()))
  await instance.ready
  instance.telemetry()
  const busy = await until('utilization and delay are seen', () => {
    const endMs = performance.now() + 30
    while (performance.now() < endMs);
    const told = instance.telemetry()
    return told.eventLoopUtilization > 0.1 && told.eventLoopDelayMaxMs > 5 ? told : undefined
  })
  assert.ok(busy.eventLoopUtilization <= 1)
})

test('a fetch app without @hono/node-server says what to install', async (t) => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier !== '@hono/node-server') return next(specifier, context)
      throw Object.assign(new Error(`Cannot find package ${specifier}`), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  t.after(() => hooks.deregister())
  const instance = startServed(t, { fetch: () => new Response('hello') })
  await assert.rejects(instance.ready, (error) => {
    assert.ok(isDroverError(error, 'PEER_MISSING'))
    assert.match(error.message, /npm install @hono\/node-server$/)
    return true
  })
})
