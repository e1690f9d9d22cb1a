// Deaths and restarts of real processes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import type { Scheduler } from '../../src/supervisor/scheduler.ts'
import { systemScheduler } from '../../src/supervisor/scheduler.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { fixture, fleetOf } from './fleet-under-test.ts'

/** A clock that tests move by hand. */
function handClock() {
  return {
    nowMs: 1_000_000,
    now() {
      return this.nowMs
    },
  }
}

/** The one wait that the hasty scheduler respects. */
const readyTimeoutMs = 12_345

/** Real timers that fire at once, however long they were asked to wait, but for the wait for readiness. */
const hastyScheduler: Scheduler = {
  after(delayMs, run) {
    return systemScheduler.after(delayMs === readyTimeoutMs ? delayMs : Math.min(delayMs, 1), run)
  },
}

test('Fleet restarts a long-ready instance at once after SIGKILL, with a new pid, port and epoch', async (context) => {
  const clock = handClock()
  const { fleet, untilReady, changes, deaths, instance } = fleetOf(
    context,
    'listens.mjs',
    { instances: 2 },
    { clock },
  )
  await fleet.start()
  const [before] = await untilReady()
  clock.nowMs += 60_000
  assert.ok(before !== undefined)
  assert.deepEqual(fleet.kill('1'), { id: '1', pid: before.pid })
  await until('it is ready again', () => instance('1').epoch === 2 && instance('1').state === 'ready')
  const after = instance('1')
  assert.equal(after.restarts, 1)
  assert.notEqual(after.pid, before.pid)
  assert.deepEqual(
    { reason: deaths[0]?.reason, restartInMs: deaths[0]?.restartInMs, pid: deaths[0]?.pid },
    { reason: 'killed by SIGKILL', restartInMs: 0, pid: before.pid },
  )
  assert.equal(deaths.length, 1)
  const states = changes.map((views) => views[0]?.state)
  assert.deepEqual([...new Set(states.slice(states.indexOf('ready')))], ['ready', 'backoff', 'starting'])
  assert.equal(instance('2').restarts, 0)
})

test('Fleet tells a death before it tells of anything that follows', async (context) => {
  const seen: string[] = []
  const { fleet, untilReady } = fleetOf(
    context,
    'listens.mjs',
    {},
    {
      onChange: ([view]) => seen.push(view?.state ?? ''),
      onDeath: () => seen.push('death'),
    },
  )
  await fleet.start()
  await untilReady()
  const from = seen.length
  fleet.kill('1')
  await until('the death is told', () => seen.includes('death'))
  assert.deepEqual(seen.slice(from, from + 2), ['backoff', 'death'])
})

test('Fleet backs off from a crash loop, doubling the wait, and gives the reason and the last words', async (context) => {
  const { fleet, deaths, output } = fleetOf(
    context,
    'exits.mjs',
    { readyTimeoutMs },
    {
      random: () => 0.999_999,
      scheduler: hastyScheduler,
      // Stands still, so that a wait is what was decided and not what is left of it.
      clock: { now: () => 1_000_000 },
    },
  )
  await fleet.start()
  await until('it died six times', () => deaths.length >= 6)
  await fleet.stop()
  assert.deepEqual(
    deaths.slice(0, 6).map((death) => death.restartInMs),
    // The lone restart's bound takes over from the doubling after 800 ms.
    [100, 200, 400, 800, 1_000, 1_000],
  )
  assert.ok(deaths.every(({ reason }) => reason === 'exited with code 3 before it was ready'))
  assert.ok(output.includes('1 stderr giving up'))
})

test('Fleet lets a crash loop wait longer while another instance is ready', async (context) => {
  // Instance 1 serves; instance 2 exits.
  const script = `[ "$DROVER_INSTANCE" = 2 ] && exit 4; exec "$0" "$1"`
  const command = ['/bin/sh', '-c', script, process.execPath, fixture('listens.mjs')]
  const { fleet, deaths, instance } = fleetOf(
    context,
    '',
    { command, instances: 2, readyTimeoutMs },
    {
      random: () => 0.999_999,
      scheduler: hastyScheduler,
    },
  )
  await fleet.start()
  await until('instance 1 is ready', () => instance('1').state === 'ready')
  await until('instance 2 waits for longer than a lone one would', () =>
    deaths.some(({ restartInMs }) => restartInMs !== undefined && restartInMs > 1_500),
  )
  assert.ok(deaths.every(({ id }) => id === '2'))
  assert.equal(instance('1').restarts, 0)
})

test('Fleet kills a start that is not ready in time and counts it as a death', async (context) => {
  const { fleet, deaths } = fleetOf(context, 'never-listens.mjs', { readyTimeoutMs: 300 })
  await fleet.start()
  const death = await until('it is given up', () => deaths[0])
  assert.match(death.reason, /^was not ready within 300 ms: nothing listens on its PORT \(\d+\)$/)
  assert.ok(death.restartInMs !== undefined && death.restartInMs > 0)
  assert.deepEqual(await runningOf([death.pid ?? 0]), [])
})

test('Fleet ends the grandchildren of an instance that died', async (context) => {
  const { fleet, untilReady, output, instance } = fleetOf(context, 'has-grandchild.mjs')
  await fleet.start()
  await untilReady()
  const pid = await until('the grandchild runs', () => grandchildIn(output))
  const leader = instance('1').pid
  assert.ok(leader !== undefined)
  assert.deepEqual(await runningOf([pid]), [pid])
  process.kill(leader, 'SIGKILL')
  await untilGone([pid])
})

test('Fleet.kill names what is wrong with an id', async (context) => {
  const { fleet, deaths } = fleetOf(context, 'exits.mjs', { instances: 2 })
  await fleet.start()
  assert.throws(
    () => fleet.kill('3'),
    (error: unknown) => {
      assert.ok(isDroverError(error, 'INSTANCE_UNKNOWN'))
      assert.equal(error.message, 'Cannot kill instance "3": the fleet has 1, 2')
      return true
    },
  )
  await until('one died', () => deaths[0])
  await fleet.stop()
  assert.throws(
    () => fleet.kill('1'),
    (error: unknown) => isDroverError(error, 'INSTANCE_NOT_RUNNING'),
  )
})

function grandchildIn(output: readonly string[]): number | undefined {
  const line = output.find((one) => one.startsWith('1 stdout grandchild '))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}
