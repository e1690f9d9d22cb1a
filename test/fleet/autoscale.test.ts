// Fleets of real processes that become larger and smaller as the load wants, and what their clients notice of it: nothing.
import assert from 'node:assert/strict'
import { Agent, request as startRequest } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Autoscaling } from '../../src/runtime/autoscaling.ts'
import { BalancerGroup } from '../../src/runtime/balancer-group.ts'
import { readyUpstreams } from '../../src/runtime/fleet-snapshot.ts'
import { Fleet } from '../../src/supervisor/fleet.ts'
import { wishOf } from '../../src/supervisor/target.ts'
import { quietPorts } from '../runtime/kept-balancers.ts'
import { afterwards, temporaryFolder, versionOf } from '../supervisor/fleet-under-test.ts'
import { startFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

/** Clients that POST again and again on kept connections: no such request may be sent twice, so none is saved by a repeat. */
class Posts {
  readonly failures: string[] = []
  answered = 0
  readonly #port: number
  #agent = new Agent({ keepAlive: true })
  #clients = 0
  readonly #running: Promise<void>[] = []

  constructor(t: TestContext, port: number) {
    this.#port = port
    afterwards(t, () => this.set(0))
  }

  /** So many at a time from now on. Resolves when those that are too many have their answers. */
  async set(clients: number): Promise<void> {
    const gone = this.#running.splice(clients)
    this.#clients = clients
    while (this.#running.length < clients) this.#running.push(this.#run(this.#running.length))
    await Promise.all(gone)
    if (clients === 0) this.#agent.destroy()
  }

  async #run(index: number): Promise<void> {
    while (index < this.#clients) await this.#post()
  }

  #post(): Promise<void> {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.#port, method: 'POST', agent: this.#agent }
      const request = startRequest(options, (response) => {
        if (response.statusCode === 200) this.answered++
        else this.failures.push(`status ${response.statusCode}`)
        response.resume().once('close', resolve)
      })
      request.once('error', (error) => {
        this.failures.push(error.message)
        resolve()
      })
      request.end('1')
    })
  }
}

test('drover up with bounds grows to what the load wants, and says by what it decided so', async (t) => {
  const fleet = await startFleet({ args: ['--config', join(fixtures, 'scaled.config.ts')] })
  t.after(() => fleet.dispose())
  assert.equal((await fleet.status()).instances.length, 1)
  const posts = new Posts(t, Number(new URL(fleet.url).port))
  void posts.set(12)
  const grown = await until('three instances are ready', async () => {
    const snapshot = await fleet.status()
    return snapshot.instances.filter(({ state }) => state === 'ready').length === 3 && snapshot
  })
  assert.deepEqual(grown.scale, { instances: 3, autoscale: { min: 1, max: 3 } })
  await posts.set(0)
  assert.deepEqual(posts.failures, [])
  fleet.signal('SIGTERM')
  const { stdout } = await fleet.ended
  const decisions = stdout.split('\n').filter((line) => line.includes(' instead of '))
  assert.match(decisions[0] ?? '', /2 instances instead of 1: concurrency .* wants .*limited by growth 2/)
  assert.equal(decisions.length, 2, stdout)
})

test('a fleet grows under load and shrinks after it by draining, and every POST is answered', async (t) => {
  const group = new BalancerGroup({ reveal: false }, 1, quietPorts)
  const version = versionOf('', { command: [process.execPath, join(fixtures, 'waits.mjs')] })
  let target = { instances: 1, spares: 0, current: version }
  const fleet = new Fleet(
    wishOf(target),
    {
      healthPath: undefined,
      readyTimeoutMs: 15_000,
      drainTimeoutMs: 5_000,
      stopTimeoutMs: 5_000,
      stateDir: temporaryFolder(t),
    },
    {
      clock: systemClock,
      random: Math.random,
      log: () => undefined,
      onOutput: () => undefined,
      onChange: (views) => {
        group.setUpstreams(readyUpstreams(views))
      },
      drained: (id, epoch, timeoutMs) => group.drained(id, epoch, timeoutMs),
    },
  )
  afterwards(t, () => group.close())
  afterwards(t, () => fleet.stop())
  const sizes: number[] = []
  const scaling = new Autoscaling(
    { autoscale: { max: 3, concurrency: 2 }, limits: {}, balancers: 1 },
    {
      instances: () => fleet.instances(),
      load: () => {
        const { loads, parked } = group.snapshot()
        return [...loads.values()].reduce((sum, { inFlight }) => sum + inFlight, parked)
      },
      figures: () => undefined,
      instancesWanted: () => target.instances,
      setInstances: (instances) => {
        target = { ...target, instances }
        sizes.push(instances)
        fleet.setWish(wishOf(target))
      },
      announce: (text) => {
        t.diagnostic(text)
      },
    },
    {
      intervalMs: 200,
      lookIntervalMs: 20,
      stableWindowMs: 1_000,
      panicWindowMs: 400,
      stabilizationMs: 1_500,
    },
  )
  afterwards(t, () => {
    scaling.stop()
  })
  const { port } = await group.listen('127.0.0.1', 0)
  await fleet.start()
  scaling.start()

  const posts = new Posts(t, port)
  void posts.set(12)
  const isOf = (count: number) => () => {
    const views = fleet.instances()
    return views.length === count && views.every(({ state }) => state === 'ready')
  }
  await until('there are three instances', isOf(3))
  const answered = posts.answered
  // One client goes on while the fleet becomes smaller around it.
  await posts.set(1)
  await until('there is one instance', isOf(1))
  assert.ok(posts.answered > answered)
  await posts.set(0)
  assert.deepEqual(posts.failures, [])
  assert.deepEqual([Math.max(...sizes), sizes.at(-1)], [3, 1])
})
