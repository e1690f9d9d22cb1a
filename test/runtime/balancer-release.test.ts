// An instance that drains: when the balancers say that nothing of theirs holds it, it can be killed and nobody notices.
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import type { Upstream } from '../../src/balancer/messages.ts'
import { openWebSocket } from '../balancer/support/web-socket.ts'
import { listen } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { ask, startInstance, startKept, type Kept } from './kept-balancers.ts'

const long = 20_000

interface Holding {
  readonly upstream: Upstream
  /** Connections to it that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Requests to /hold that it has not answered. */
  readonly held: ServerResponse[]
}

/** Answers at once, but /hold when the test says so; accepts WebSockets. Never closes an idle connection by itself. */
async function startHolding(t: TestContext, id: string): Promise<Holding> {
  const sockets = new Set<Socket>()
  const held: ServerResponse[] = []
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url === '/hold') held.push(response)
    else response.end(id)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const webSockets = new WebSocketServer({ server })
  const port = await listen(server)
  t.after(() => {
    webSockets.close()
    server.close()
    server.closeAllConnections()
  })
  return { upstream: { id, epoch: 7, host: '127.0.0.1', port }, sockets, held }
}

/** What `promise` has come to by now. */
function watch<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined }
  void promise.then((value) => (seen.value = value))
  return seen
}

const draining = (upstream: Upstream): Upstream => ({ ...upstream, draining: true })
const pids = ({ group }: Kept) => group.snapshot().balancers.map(({ pid }) => pid ?? 0)

test('an instance that drains is released when its last request has ended, and no connection to it is left', async (t) => {
  const kept = await startKept(t, { count: 2, options: { limits: { upstreamIdleMs: 1_000_000 } } })
  const [leaving, staying] = [await startHolding(t, '1'), await startInstance(t, '2')]
  kept.group.setUpstreams([leaving.upstream])
  for (let index = 0; index < 10; index++) assert.equal(await ask(kept.port), 'answered')
  const answer = ask(kept.port, false, '/hold')
  await until('it holds the request', () => leaving.held.length === 1)
  assert.ok(leaving.sockets.size > 0)

  kept.group.setUpstreams([draining(leaving.upstream), staying])
  const drained = kept.group.drained('1', 7, long)
  const seen = watch(drained)
  const before = kept.group.snapshot().loads.get('1')?.requests ?? 0
  for (let index = 0; index < 10; index++) assert.equal(await ask(kept.port), 'answered')
  await until('the other is counted', () => (kept.group.snapshot().loads.get('2')?.requests ?? 0) === 10)
  assert.equal(kept.group.snapshot().loads.get('1')?.requests, Math.max(before, 10))
  assert.equal(kept.group.snapshot().loads.get('1')?.draining, true)
  assert.equal(seen.value, undefined, 'a request is still in flight')
  await until('its idle connections are closed', () => leaving.sockets.size === 1)

  leaving.held[0]?.end('late')
  assert.equal(await answer, 'answered')
  assert.equal(await drained, true)
  await until('it has no connection', () => leaving.sockets.size === 0)
  assert.equal(await kept.group.drained('1', 7, long), true, 'asked again')
})

test('an instance is not released while the list gives it requests, and a wait that is too long ends', async (t) => {
  const kept = await startKept(t)
  const instance = await startHolding(t, '1')
  kept.group.setUpstreams([instance.upstream])
  assert.equal(await kept.group.drained('1', 7, 1), false)
  const early = kept.group.drained('1', 7, long)
  assert.equal(await kept.group.drained('1', 6, long), true, 'an earlier start of it is gone')
  const lost = ask(kept.port, false, '/hold')
  await until('it holds the request', () => instance.held.length === 1)
  kept.group.setUpstreams([])
  assert.equal(await kept.group.drained('1', 7, 1), false)
  instance.held[0]?.end()
  assert.equal(await lost, 'answered')
  assert.equal(await early, true)
})

test('a WebSocket is told to go before its instance is released', async (t) => {
  const limits = { streamSpreadMs: 1, streamCloseMs: 10_000 }
  const kept = await startKept(t, { options: { limits } })
  const instance = await startHolding(t, '1')
  kept.group.setUpstreams([instance.upstream])
  const client = await openWebSocket(t, kept.port)
  kept.group.setUpstreams([draining(instance.upstream)])
  assert.equal(await kept.group.drained('1', 7, long), true)
  assert.match(await client.ended, /^1001 /)
  await until('it has no connection', () => instance.sockets.size === 0)
})

test('a balancer that is killed meanwhile holds nothing more; the next one never gives the instance anything', async (t) => {
  const kept = await startKept(t, { count: 2 })
  const [leaving, staying] = [await startHolding(t, '1'), await startInstance(t, '2')]
  kept.group.setUpstreams([leaving.upstream])
  const lost = ask(kept.port, false, '/hold')
  await until('it holds the request', () => leaving.held.length === 1)
  kept.group.setUpstreams([draining(leaving.upstream), staying])
  const drained = kept.group.drained('1', 7, long)
  for (const pid of pids(kept)) process.kill(pid, 'SIGKILL')
  assert.equal(await lost, 'ECONNRESET')
  assert.equal(await drained, true)
  await until('it has no connection', () => leaving.sockets.size === 0)
  for (let index = 0; index < 5; index++) assert.equal(await ask(kept.port), 'answered')
  assert.equal(leaving.sockets.size, 0)
})

test('what balancers count of an instance: the errors of the app, and how long its answers took', async (t) => {
  const kept = await startKept(t)
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/broken' ? 500 : 200).end()
  })
  const port = await listen(server)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  kept.group.setUpstreams([{ id: '1', epoch: 3, host: '127.0.0.1', port }])
  assert.equal(await ask(kept.port), 'answered')
  assert.equal(await ask(kept.port, false, '/broken'), 'status 500')
  const load = () => kept.group.snapshot().loads.get('1')
  const timed = () => load()?.latency.reduce((sum, count) => sum + count, 0)
  await until('both are counted', () => timed() === 2)
  assert.deepEqual(
    [load()?.requests, load()?.errors, load()?.failures, load()?.epoch, load()?.draining],
    [2, 1, 0, 3, false],
  )
  assert.deepEqual(kept.group.snapshot().totals, { requests: 2, failed: 0, retried: 0, waited: 0 })
})
