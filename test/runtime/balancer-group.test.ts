// Balancers as the primary keeps them: killed, drained, closed, orphaned. Replacing them has a file of its own.
import assert from 'node:assert/strict'
import { createServer as createNetServer } from 'node:net'
import { test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { BalancerGroup } from '../../src/runtime/balancer-group.ts'
import { startFixture } from '../support/fixture.ts'
import { listen } from '../support/free-port.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { ask, kill, pidOf, quietPorts, startInstance, startKept, type Kept } from './kept-balancers.ts'
import { startLoad } from './steady-load.ts'

const untilReplaced = (kept: Kept, pid: number) =>
  until('another process is there', () => ![pid, null].includes(pidOf(kept)))

test('kill -9 of the balancer under steady new connections: none is refused, only what was in flight fails', async (t) => {
  const kept = await startKept(t)
  kept.group.setUpstreams([await startInstance(t, '1', 2)])
  const load = startLoad(kept.port, { fresh: 8, deaths: () => kept.ended.length })
  t.after(() => load.stop())
  const kills = 3
  for (let index = 0; index < kills; index++) {
    await load.answers(100)
    load.expectDeath()
    await untilReplaced(kept, kill(kept))
  }
  await load.answers(100)
  const { refused, unexplained, outcomes } = await load.stop()
  t.diagnostic(`outcomes ${JSON.stringify(outcomes)}`)
  assert.equal(refused, 0)
  assert.equal(unexplained, 0)
  assert.deepEqual(kept.group.snapshot().balancers, [{ pid: pidOf(kept), restarts: kills, state: 'serving' }])
  assert.equal(kept.started.length, kills + 1)
  assert.equal(kept.ended.length, kills)
  assert.equal(kept.logs.length, kills)
})

test('of several balancers on one port each can die: the others serve, and all are counted together', async (t) => {
  const kept = await startKept(t, { count: 3 })
  kept.group.setUpstreams([await startInstance(t, '1', 2)])
  const load = startLoad(kept.port, { fresh: 6, deaths: () => kept.ended.length })
  t.after(() => load.stop())
  assert.deepEqual(
    kept.group.snapshot().balancers.map(({ state }) => state),
    ['serving', 'serving', 'serving'],
  )
  for (const { pid } of kept.group.snapshot().balancers) {
    await load.answers(50)
    load.expectDeath()
    process.kill(pid ?? 0, 'SIGKILL')
    await until('it is gone, and three serve again', () => {
      const { balancers } = kept.group.snapshot()
      return balancers.every((one) => one.state === 'serving' && one.pid !== pid)
    })
  }
  await load.answers(50)
  const { refused, unexplained, outcomes } = await load.stop()
  assert.equal(refused, 0)
  assert.equal(unexplained, 0)
  const all = () => kept.group.snapshot().loads.get('1')?.requests ?? 0
  // The last tenth of a second of a killed balancer is not told by anybody.
  await until('nearly all are counted', () => all() >= (outcomes['answered'] ?? 0) / 2)
  assert.deepEqual(
    kept.group.snapshot().balancers.map(({ restarts }) => restarts),
    [1, 1, 1],
  )
})

test('a connection made while no balancer lives waits for the next one', async (t) => {
  const kept = await startKept(t)
  kept.group.setUpstreams([await startInstance(t, '1')])
  const pid = kill(kept)
  await until('it is dead', () => pidOf(kept) !== pid)
  assert.equal(await ask(kept.port), 'answered')
})

test('a balancer that dies soon after its start, again and again, is started after pauses that double', async (t) => {
  const kept = await startKept(t, { now: () => 1 })
  for (let deaths = 1; deaths <= 4; deaths++) {
    await until('it runs', () => pidOf(kept))
    kill(kept)
    await until('its death is noticed', () => kept.logs.length === deaths)
    assert.equal(kept.group.snapshot().balancers[0]?.state, 'down')
  }
  assert.deepEqual(
    kept.logs,
    [100, 200, 400, 800].map((pauseMs) => `balancer ended by SIGKILL, starting it again in ${pauseMs} ms`),
  )
})

test('a balancer that lived for a while is started again at once', async (t) => {
  let nowMs = 0
  const kept = await startKept(t, { now: () => (nowMs += 10_000) })
  for (let deaths = 1; deaths <= 2; deaths++) {
    await until('it runs', () => pidOf(kept))
    kill(kept)
    await until('its death is noticed', () => kept.logs.length === deaths)
  }
  assert.deepEqual(new Set(kept.logs), new Set(['balancer ended by SIGKILL, starting it again at once']))
})

test('a port that is taken is refused by name, and no process is started', async (t) => {
  const server = createNetServer()
  const port = await listen(server)
  t.after(() => server.close())
  const started: number[] = []
  const ports = { ...quietPorts, onStart: (pid: number) => started.push(pid) }
  const group = new BalancerGroup({ reveal: false }, 2, ports)
  t.after(() => group.close())
  await assert.rejects(group.listen('127.0.0.1', port), (error) => isDroverError(error, 'PORT_TAKEN'))
  assert.deepEqual(started, [])
})

test('a host that is not of this machine is refused', async (t) => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    const group = new BalancerGroup({ reveal: false }, 1, quietPorts)
    t.after(() => group.close())
    await assert.rejects(group.listen(host, 0), (error) => isDroverError(error, 'OPTION_INVALID'))
  }
})

test('listen fails when the balancer is closed before it accepts', async () => {
  const ports = { ...quietPorts, onStart: () => void group.close() }
  const group = new BalancerGroup({ reveal: false }, 1, ports)
  await assert.rejects(group.listen('127.0.0.1', 0), /the balancer was closed$/)
})

test('listen starts nothing when the balancer is closed before the port is bound', async () => {
  const started: number[] = []
  const ports = { ...quietPorts, onStart: (pid: number) => started.push(pid) }
  const group = new BalancerGroup({ reveal: false }, 1, ports)
  const listening = group.listen('localhost', 0)
  await Promise.all([group.close(), assert.rejects(listening, /the balancer was closed$/)])
  assert.deepEqual(started, [])
})

test('drain answers what was accepted, then refuses; close leaves no process', async (t) => {
  const { group, port, started, ended } = await startKept(t, { count: 2 })
  group.setUpstreams([await startInstance(t, '1', 300)])
  const answer = ask(port)
  await until('it is in flight', () => group.snapshot().loads.get('1')?.inFlight === 1)
  const drained = group.drain(30_000)
  assert.equal(await answer, 'answered')
  assert.deepEqual(await drained, { cut: 0 })
  assert.equal(await ask(port), 'ECONNREFUSED')
  await group.close()
  assert.deepEqual(new Set(ended), new Set(started))
  assert.deepEqual(await runningOf(started), [])
  assert.deepEqual(
    group.snapshot().balancers.map(({ state }) => state),
    ['down', 'down'],
  )
})

test('drain counts what its deadline cuts, and ends also when the balancer dies meanwhile', async (t) => {
  const cutting = await startKept(t)
  cutting.group.setUpstreams([await startInstance(t, '1', 1_000_000)])
  const cut = ask(cutting.port)
  await until('it is in flight', () => cutting.group.snapshot().loads.get('1')?.inFlight === 1)
  assert.deepEqual(await cutting.group.drain(1), { cut: 1 })
  assert.equal(await cut, 'ECONNRESET')

  const dying = await startKept(t)
  dying.group.setUpstreams([await startInstance(t, '1', 1_000_000)])
  const lost = ask(dying.port)
  await until('it is in flight', () => dying.group.snapshot().loads.get('1')?.inFlight === 1)
  const drained = dying.group.drain(30_000)
  kill(dying)
  assert.deepEqual(await drained, { cut: 0 })
  assert.equal(await lost, 'ECONNRESET')
  assert.equal(dying.group.snapshot().balancers[0]?.restarts, 0)
})

test('counts of answered requests arrive, and never fall when a balancer dies', async (t) => {
  const kept = await startKept(t)
  const { group, port } = kept
  group.setUpstreams([await startInstance(t, '1'), await startInstance(t, '2')])
  const total = () => [...group.snapshot().loads.values()].reduce((sum, { requests }) => sum + requests, 0)
  let highest = 0
  const over = new AbortController()
  const watch = async () => {
    while (!over.signal.aborted) {
      const now = total()
      assert.ok(now >= highest, `the count fell from ${highest} to ${now}`)
      highest = now
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const watching = watch()
  let sent = 0
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 20; index++) {
      assert.equal(await ask(port), 'answered')
      sent++
    }
    await until('all are counted', () => total() === sent)
    await untilReplaced(kept, kill(kept))
  }
  over.abort()
  await watching
  assert.equal(total(), sent)
})

test('an instance that left is no longer shown as busy', async (t) => {
  const { group, port } = await startKept(t)
  group.setUpstreams([await startInstance(t, '1', 400)])
  const answer = ask(port)
  await until('it is in flight', () => group.snapshot().loads.get('1')?.inFlight === 1)
  group.setUpstreams([])
  assert.equal(await answer, 'answered')
  await until('nothing is in flight', () => group.snapshot().loads.get('1')?.inFlight === 0)
  assert.equal(group.snapshot().loads.get('1')?.requests, 1)
})

test('a balancer ends when its primary is killed', async (t) => {
  const primary = startFixture(new URL('fixtures/runs-balancer.ts', import.meta.url))
  t.after(() => primary.stop())
  await primary.printed('listening')
  const pid = Number(primary.lines.find((line) => line.startsWith('balancer '))?.slice(9))
  const port = Number(primary.lines.find((line) => line.startsWith('port '))?.slice(5))
  assert.deepEqual(await runningOf([pid]), [pid])
  primary.signal('SIGKILL')
  assert.equal(await primary.exited, 'SIGKILL')
  await untilGone([pid])
  // The process is gone with its first thread; its sockets go with the last one, a moment later.
  await until('nothing listens any more', async () => (await ask(port)) === 'ECONNREFUSED')
})
