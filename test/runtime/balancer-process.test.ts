// The balancer's process as the primary keeps it: killed, replaced, drained, closed, orphaned.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as startRequest } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { Upstream } from '../../src/balancer/messages.ts'
import { isDroverError } from '../../src/base/errors.ts'
import { BalancerProcess, type BalancerProcessPorts } from '../../src/runtime/balancer-process.ts'
import { startFixture } from '../support/fixture.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'

interface Kept {
  readonly balancer: BalancerProcess
  readonly port: number
  readonly logs: string[]
  readonly started: number[]
  readonly ended: number[]
}

const quietPorts: BalancerProcessPorts = {
  log: () => undefined,
  onStart: () => undefined,
  onExit: () => undefined,
  now: () => performance.now(),
}

async function startKept(t: TestContext, ports: Partial<BalancerProcessPorts> = {}): Promise<Kept> {
  const logs: string[] = []
  const started: number[] = []
  const ended: number[] = []
  const balancer = new BalancerProcess(
    { reveal: true },
    {
      ...quietPorts,
      log: (message) => logs.push(message),
      onStart: (pid) => started.push(pid),
      onExit: (pid) => ended.push(pid),
      ...ports,
    },
  )
  t.after(() => balancer.close())
  const { port } = await balancer.listen('127.0.0.1', 0)
  return { balancer, port, logs, started, ended }
}

async function startInstance(t: TestContext, id: string, delayMs = 0): Promise<Upstream> {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end(id), delayMs).unref()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the instance listens on no port')
  return { id, epoch: 1, host: '127.0.0.1', port: address.port }
}

/** One request on a connection of its own: `answered`, or the error's code. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = startRequest({ host: '127.0.0.1', port, agent: false })
    request.on('error', (error) => {
      resolve('code' in error ? String(error.code) : error.message)
    })
    request.once('response', (response) => {
      response.on('error', (error) => {
        resolve(error.message)
      })
      response.resume().on('end', () => {
        resolve(response.statusCode === 200 ? 'answered' : `status ${response.statusCode}`)
      })
    })
    request.end()
  })
}

function kill(balancer: BalancerProcess): number {
  const { pid } = balancer.snapshot()
  if (pid === null) throw new Error('the balancer has no process to kill')
  process.kill(pid, 'SIGKILL')
  return pid
}

test('kill -9 of the balancer under steady new connections: none is refused, only what was in flight fails', async (t) => {
  const { balancer, port, logs, started, ended } = await startKept(t)
  balancer.setUpstreams([await startInstance(t, '1', 2)])
  const concurrency = 8
  const outcomes = new Map<string, number>()
  const over = new AbortController()
  const client = async () => {
    while (!over.signal.aborted) {
      const outcome = await ask(port)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: concurrency }, client)
  const kills = 4
  for (let index = 0; index < kills; index++) {
    const answered = outcomes.get('answered') ?? 0
    await until('requests are answered', () => (outcomes.get('answered') ?? 0) > answered + 100)
    const pid = kill(balancer)
    await until('another process is there', () => ![pid, null].includes(balancer.snapshot().pid))
  }
  const answered = outcomes.get('answered') ?? 0
  await until('requests are answered again', () => (outcomes.get('answered') ?? 0) > answered + 100)
  over.abort()
  await Promise.all(clients)
  const failed = [...outcomes].filter(([outcome]) => outcome !== 'answered')
  t.diagnostic(`outcomes ${JSON.stringify(Object.fromEntries(outcomes))}`)
  assert.equal(outcomes.get('ECONNREFUSED'), undefined)
  assert.ok(failed.reduce((sum, [, count]) => sum + count, 0) <= kills * concurrency, JSON.stringify(failed))
  assert.equal(balancer.snapshot().restarts, kills)
  assert.equal(started.length, kills + 1)
  assert.equal(ended.length, kills)
  assert.equal(logs.length, kills)
})

test('a connection made while no balancer lives waits for the next one', async (t) => {
  const { balancer, port } = await startKept(t)
  balancer.setUpstreams([await startInstance(t, '1')])
  const pid = kill(balancer)
  await until('it is dead', () => balancer.snapshot().pid !== pid)
  assert.equal(await ask(port), 'answered')
})

test('a balancer that dies soon after its start, again and again, is started after pauses that double', async (t) => {
  const { balancer, logs } = await startKept(t, { now: () => 1 })
  for (let deaths = 1; deaths <= 4; deaths++) {
    await until('it runs', () => balancer.snapshot().pid)
    kill(balancer)
    await until('its death is noticed', () => logs.length === deaths)
  }
  assert.deepEqual(
    logs,
    [100, 200, 400, 800].map((pauseMs) => `balancer ended by SIGKILL, starting it again in ${pauseMs} ms`),
  )
})

test('a balancer that lived for a while is started again at once', async (t) => {
  let nowMs = 0
  const { balancer, logs } = await startKept(t, { now: () => (nowMs += 10_000) })
  for (let deaths = 1; deaths <= 2; deaths++) {
    await until('it runs', () => balancer.snapshot().pid)
    kill(balancer)
    await until('its death is noticed', () => logs.length === deaths)
  }
  assert.deepEqual(new Set(logs), new Set(['balancer ended by SIGKILL, starting it again at once']))
})

test('a port that is taken is refused by name, and no process is started', async (t) => {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  const started: number[] = []
  const balancer = new BalancerProcess(
    { reveal: false },
    { ...quietPorts, onStart: (pid) => started.push(pid) },
  )
  t.after(() => balancer.close())
  await assert.rejects(balancer.listen('127.0.0.1', address.port), (error) =>
    isDroverError(error, 'PORT_TAKEN'),
  )
  assert.deepEqual(started, [])
})

test('a host that is not of this machine is refused', async (t) => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    const balancer = new BalancerProcess({ reveal: false }, quietPorts)
    t.after(() => balancer.close())
    await assert.rejects(balancer.listen(host, 0), (error) => isDroverError(error, 'OPTION_INVALID'))
  }
})

test('listen fails when the balancer is closed before it accepts', async () => {
  const balancer = new BalancerProcess(
    { reveal: false },
    { ...quietPorts, onStart: () => void balancer.close() },
  )
  await assert.rejects(balancer.listen('127.0.0.1', 0), /the balancer was closed$/)
})

test('listen starts nothing when the balancer is closed before the port is bound', async () => {
  const started: number[] = []
  const ports = { ...quietPorts, onStart: (pid: number) => started.push(pid) }
  const balancer = new BalancerProcess({ reveal: false }, ports)
  const listening = balancer.listen('localhost', 0)
  await Promise.all([balancer.close(), assert.rejects(listening, /the balancer was closed$/)])
  assert.deepEqual(started, [])
})

test('drain answers what was accepted, then refuses; close leaves no process', async (t) => {
  const { balancer, port, started, ended } = await startKept(t)
  balancer.setUpstreams([await startInstance(t, '1', 300)])
  const answer = ask(port)
  await until('it is in flight', () => balancer.snapshot().loads.get('1')?.inFlight === 1)
  const drained = balancer.drain(30_000)
  assert.equal(await answer, 'answered')
  assert.deepEqual(await drained, { cut: 0 })
  assert.equal(await ask(port), 'ECONNREFUSED')
  await balancer.close()
  assert.deepEqual(ended, started)
  assert.deepEqual(await runningOf(started), [])
  assert.equal(balancer.snapshot().pid, null)
})

test('drain counts what its deadline cuts, and ends also when the balancer dies meanwhile', async (t) => {
  const cutting = await startKept(t)
  cutting.balancer.setUpstreams([await startInstance(t, '1', 1_000_000)])
  const cut = ask(cutting.port)
  await until('it is in flight', () => cutting.balancer.snapshot().loads.get('1')?.inFlight === 1)
  assert.deepEqual(await cutting.balancer.drain(1), { cut: 1 })
  assert.equal(await cut, 'ECONNRESET')

  const dying = await startKept(t)
  dying.balancer.setUpstreams([await startInstance(t, '1', 1_000_000)])
  const lost = ask(dying.port)
  await until('it is in flight', () => dying.balancer.snapshot().loads.get('1')?.inFlight === 1)
  const drained = dying.balancer.drain(30_000)
  kill(dying.balancer)
  assert.deepEqual(await drained, { cut: 0 })
  assert.equal(await lost, 'ECONNRESET')
  assert.equal(dying.balancer.snapshot().restarts, 0)
})

test('counts of answered requests arrive, and never fall when the balancer is replaced', async (t) => {
  const { balancer, port } = await startKept(t)
  balancer.setUpstreams([await startInstance(t, '1'), await startInstance(t, '2')])
  const total = () => [...balancer.snapshot().loads.values()].reduce((sum, { requests }) => sum + requests, 0)
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
    const pid = kill(balancer)
    await until('another process is there', () => ![pid, null].includes(balancer.snapshot().pid))
  }
  over.abort()
  await watching
  assert.equal(total(), sent)
})

test('an instance that left is no longer shown as busy', async (t) => {
  const { balancer, port } = await startKept(t)
  balancer.setUpstreams([await startInstance(t, '1', 400)])
  const answer = ask(port)
  await until('it is in flight', () => balancer.snapshot().loads.get('1')?.inFlight === 1)
  balancer.setUpstreams([])
  assert.equal(await answer, 'answered')
  await until('nothing is in flight', () => balancer.snapshot().loads.get('1')?.inFlight === 0)
  assert.equal(balancer.snapshot().loads.get('1')?.requests, 1)
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
