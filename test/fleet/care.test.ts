// What becomes of instances that hang, grow or were configured otherwise than the rest.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { InstanceCare, type CareOptions } from '../../src/runtime/instance-care.ts'
import type { InstanceView } from '../../src/supervisor/fleet-options.ts'
import type { Fleet } from '../../src/supervisor/fleet.ts'
import { afterwards, fleetOf, type FleetSetup, type FleetUnderTest } from '../supervisor/fleet-under-test.ts'
import { until } from '../support/until.ts'

interface Cared extends FleetUnderTest {
  readonly announced: string[]
}

/** A fleet of the fixture that is cared for as `drover up` does. */
async function caredFleet(
  t: TestContext,
  setup: FleetSetup,
  options: Partial<CareOptions>,
  drained: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Cared> {
  const announced: string[] = []
  const changes: (readonly InstanceView[])[] = []
  const secret = 'a-secret-word'
  const program = join(import.meta.dirname, 'fixtures/cared.ts')
  const parts: { care?: InstanceCare; fleet?: Fleet } = {}
  const under = fleetOf(
    t,
    '',
    {
      command: [process.execPath, '--conditions=source', program],
      stopTimeoutMs: 500,
      ...setup,
      env: { ...process.env, DROVER_MARKER: secret, DROVER_FINGERPRINT: 'REGION', ...setup.env },
    },
    {
      admit: async (view) => parts.care?.watch.admit(view),
      onChange: (views) => {
        changes.push(views)
        parts.care?.follow(views)
      },
      drained,
    },
  )
  const care = new InstanceCare(
    { health: undefined, hangTimeoutMs: 5_000, maxMemory: undefined, ...options },
    secret,
    {
      fleet: under.fleet,
      clock: systemClock,
      onRoutes: () => undefined,
      announce: ({ text }) => announced.push(text),
    },
  )
  parts.care = care
  afterwards(t, () => {
    care.watch.close()
  })
  await under.fleet.start()
  return { ...under, announced, changes }
}

function signal(under: FleetUnderTest, id: string, name: NodeJS.Signals): void {
  const { pid } = under.instance(id)
  assert.ok(pid !== undefined)
  process.kill(pid, name)
}

function reasons({ deaths }: FleetUnderTest): readonly string[] {
  return deaths.map(({ id, reason }) => `${id} ${reason}`)
}

test('an instance that was configured otherwise is refused by name before it is given anything', async (t) => {
  const under = await caredFleet(t, { instances: 2, env: { ODD_INSTANCE: '2' } }, {})
  const refusal = await until('one is refused', () => reasons(under)[0])
  assert.match(refusal, /^[12] was refused: REGION differs on instance [12]$/)
  assert.ok(under.fleet.instances().filter(({ readyAtMs }) => readyAtMs !== undefined).length <= 1)
})

test('an instance that is stopped is killed and replaced', async (t) => {
  const under = await caredFleet(t, { instances: 2 }, { hangTimeoutMs: 1_000 })
  await under.untilReady()
  signal(under, '1', 'SIGSTOP')
  await until('it died', () => under.deaths[0])
  assert.deepEqual(reasons(under), ['1 did not answer for 1000 ms: it hangs, and was killed'])
  await under.untilReady()
  assert.equal(under.instance('1').epoch, 2)
})

test('an instance that hangs while it drains is killed, so that what it holds can be repeated', async (t) => {
  const under = await caredFleet(
    t,
    { instances: 1 },
    { hangTimeoutMs: 1_000 },
    () => new Promise(() => undefined),
  )
  await under.untilReady()
  signal(under, '1', 'SIGSTOP')
  under.fleet.retire('1').catch(() => undefined)
  await until('it is killed', () => under.deaths[0])
  assert.match(reasons(under)[0] ?? '', /^1 (?:did not answer for 1000 ms: it )?hangs, and was killed$/)
})

test('when all hang at once, they are not all killed at once', async (t) => {
  const under = await caredFleet(t, { instances: 2 }, { hangTimeoutMs: 1_000 })
  await under.untilReady()
  const stopped = new Set(under.fleet.instances().map(({ pid }) => pid))
  const before = under.changes.length
  signal(under, '1', 'SIGSTOP')
  signal(under, '2', 'SIGSTOP')
  await until('both are replaced', () => {
    const views = under.fleet.instances()
    return views.length === 2 && views.every(({ pid, state }) => !stopped.has(pid) && state === 'ready')
  })
  const leastReady = under.changes
    .slice(before)
    .map((views) => views.filter(({ state }) => state === 'ready' || state === 'draining').length)
  assert.equal(Math.min(...leastReady), 1)
})

test('an instance with too much memory is replaced by a fresh one, and nothing dies', async (t) => {
  const under = await caredFleet(t, { instances: 1 }, { maxMemory: 150 * 1024 ** 2, lookIntervalMs: 200 })
  await under.untilReady()
  const { port } = under.instance('1')
  await (await fetch(`http://127.0.0.1:${port}/grow`)).text()
  await until('a fresh one has its place', () =>
    under.fleet.instances().every(({ id, state }) => id === '2' && state === 'ready'),
  )
  assert.match(
    under.announced[0] ?? '',
    /^instance 1 holds \d+ MB of memory, more than 150 MB: replacing it$/,
  )
  assert.deepEqual(under.deaths, [])
})

test('an app that is larger than it may be is not started anew without end', async (t) => {
  const under = await caredFleet(t, { instances: 2 }, { maxMemory: 1024 ** 2, lookIntervalMs: 100 })
  await until('one is replaced, and the others wait', () => {
    const waiting = under.announced.filter((text) => text.endsWith('it stays for a while'))
    return waiting.length === 2 && under.fleet.instances().length === 2
  })
  assert.equal(under.announced.filter((text) => text.endsWith('replacing it')).length, 1)
  assert.match(
    under.announced.at(-1) ?? '',
    /^instance [123] holds \d+ MB of memory, more than 1 MB, as soon as [\d.]+ s after its start, and so will the next one: it stays for a while$/,
  )
})
