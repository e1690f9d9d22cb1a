// A fleet's way down: nothing is left, and nothing is cut short that would have ended by itself.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { InstanceView } from '../../src/supervisor/fleet-options.ts'
import { runningOf } from '../support/process.ts'
import { until } from '../support/until.ts'
import { fixture, fleetOf } from './fleet-under-test.ts'

test('Fleet.stop ends every instance with SIGTERM, restarts none, and gives the folder free', async (context) => {
  const { fleet, untilReady, deaths, stateDir } = fleetOf(context, 'listens.mjs', { instances: 3 })
  await fleet.start()
  const pids = (await untilReady()).map(({ pid }) => pid ?? 0)
  await fleet.stop()
  assert.deepEqual(await runningOf(pids), [])
  assert.ok(fleet.instances().every(({ state, pid }) => state === 'stopped' && pid === undefined))
  assert.deepEqual(deaths, [])
  assert.deepEqual(JSON.parse(readFileSync(join(stateDir, 'groups.json'), 'utf8')).groups, [])
  assert.ok(!existsSync(join(stateDir, 'lock')))
})

test('Fleet.stop escalates to SIGKILL when SIGTERM is ignored', async (context) => {
  const { fleet, untilReady, output } = fleetOf(context, 'ignores-sigterm.mjs', { stopTimeoutMs: 300 })
  await fleet.start()
  const [view] = await untilReady()
  await fleet.stop()
  assert.deepEqual(await runningOf([view?.pid ?? 0]), [])
  assert.ok(output.includes('1 stdout no'), 'SIGTERM came first')
})

test('Fleet.stop waits for grandchildren that ignore SIGTERM and ends them', async (context) => {
  const { fleet, untilReady, output } = fleetOf(context, 'has-grandchild.mjs', { stopTimeoutMs: 300 })
  await fleet.start()
  await untilReady()
  const line = await until('the grandchild runs', () => output.find((one) => one.includes('grandchild')))
  await fleet.stop()
  assert.deepEqual(await runningOf([Number(line.split(' ').at(-1))]), [])
})

test('Fleet.stop lets the server behind a wrapper finish, though the wrapper dies at once', async (context) => {
  const command = ['/bin/sh', '-c', '"$0" "$1" & wait', process.execPath, fixture('finishes-slowly.mjs')]
  const { fleet, untilReady, output } = fleetOf(context, '', { command })
  await fleet.start()
  await untilReady()
  await fleet.stop()
  assert.deepEqual(output, ['1 stdout finished'])
})

test('Fleet.stop ends an instance that waits in backoff and one that is still starting', async (context) => {
  const crashing = fleetOf(context, 'exits.mjs')
  const hanging = fleetOf(context, 'never-listens.mjs')
  await Promise.all([crashing.fleet.start(), hanging.fleet.start()])
  await until('the one is in backoff', () => crashing.instance('1').state === 'backoff')
  const pid = hanging.instance('1').pid
  await Promise.all([crashing.fleet.stop(), hanging.fleet.stop()])
  assert.equal(crashing.instance('1').state, 'stopped')
  assert.equal(hanging.instance('1').state, 'stopped')
  assert.deepEqual(await runningOf([pid ?? 0]), [])
  const { restarts } = crashing.instance('1')
  const { epoch } = crashing.instance('1')
  assert.equal(epoch, restarts + 1)
})

test('Fleet.stop right after start starts nothing', async (context) => {
  const { fleet, changes } = fleetOf(context, 'listens.mjs', { instances: 2 })
  await Promise.all([fleet.start(), fleet.stop()])
  assert.deepEqual(changes, [])
})

for (const [moment, hasCome] of [
  ['the port is being chosen', () => true],
  ['the process exists', (views) => views.every(({ pid }) => pid !== undefined)],
] as readonly [string, (views: readonly InstanceView[]) => boolean][]) {
  test(`Fleet.stop while ${moment} leaves nothing running`, async (context) => {
    const pids = new Set<number>()
    let stopping: Promise<void> | undefined
    const { fleet, instance, deaths } = fleetOf(
      context,
      'listens.mjs',
      { instances: 2 },
      {
        onChange: (views) => {
          for (const { pid } of views) if (pid !== undefined) pids.add(pid)
          if (hasCome(views)) stopping ??= fleet.stop()
        },
      },
    )
    await fleet.start()
    await stopping
    assert.deepEqual(await runningOf([...pids]), [])
    assert.deepEqual([instance('1').state, instance('2').state], ['stopped', 'stopped'])
    assert.deepEqual(deaths, [])
  })
}
