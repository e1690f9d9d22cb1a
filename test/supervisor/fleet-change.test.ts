// A fleet that is asked for something else while it runs: more, fewer, another version, spares.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import type { InstanceView } from '../../src/supervisor/fleet-options.ts'
import { wishOf } from '../../src/supervisor/target.ts'
import { until } from '../support/until.ts'
import { fleetOf, versionOf, type FleetUnderTest } from './fleet-under-test.ts'

const a = versionOf('listens.mjs')
const b = versionOf('listens.mjs', { number: 2, label: 'b' })

function readyOf({ fleet }: FleetUnderTest): readonly InstanceView[] {
  return fleet.instances().filter(({ state }) => state === 'ready')
}

function untilFleet(under: FleetUnderTest, shown: string): Promise<unknown> {
  const look = () =>
    under.fleet
      .instances()
      .map(
        ({ id, version, state, role }) => `${id}${version.label} ${role === 'spare' ? 'spare ' : ''}${state}`,
      )
      .join(', ')
  return until(`the fleet is: ${shown}`, () => look() === shown)
}

/** The fewest instances that were ready at once since the first moment at which `enough` were. */
function fewestReady(changes: FleetUnderTest['changes'], enough: number): number {
  const counts = changes.map((views) => views.filter(({ state }) => state === 'ready').length)
  return Math.min(...counts.slice(counts.findIndex((count) => count >= enough)))
}

test('a fleet grows and shrinks as it is wished, and ids that are free are used again', async (context) => {
  const under = fleetOf(context, 'listens.mjs', { instances: 2 })
  await under.fleet.start()
  await under.untilReady()
  under.fleet.setWish(wishOf({ instances: 3, spares: 0, current: a }))
  await untilFleet(under, '1a ready, 2a ready, 3a ready')
  under.fleet.setWish(wishOf({ instances: 1, spares: 0, current: a }))
  await untilFleet(under, '3a ready')
  under.fleet.setWish(wishOf({ instances: 2, spares: 0, current: a }))
  await untilFleet(under, '1a ready, 3a ready')
  assert.equal(under.instance('1').epoch, 2, 'another start under the same id')
  assert.deepEqual(under.deaths, [])
})

test('another version takes over one instance at a time, and never fewer are ready', async (context) => {
  const under = fleetOf(context, 'listens.mjs', { instances: 2 })
  await under.fleet.start()
  await under.untilReady()
  const next = { version: b, surge: 1, isBad: false }
  under.fleet.setWish(wishOf({ instances: 2, spares: 0, current: a, next: { ...next, instances: 1 } }))
  await untilFleet(under, '2a ready, 3b ready')
  under.fleet.setWish(wishOf({ instances: 2, spares: 0, current: a, next: { ...next, instances: 2 } }))
  await untilFleet(under, '1b ready, 3b ready')
  assert.equal(fewestReady(under.changes, 2), 2)
})

test('an instance that drains is stopped once it has finished, and not before', async (context) => {
  const finished = Promise.withResolvers<void>()
  const asked: string[] = []
  const under = fleetOf(
    context,
    'listens.mjs',
    { instances: 1 },
    {
      drained: (id, epoch, timeoutMs) => {
        asked.push(`${id}#${epoch} within ${timeoutMs}`)
        return finished.promise
      },
    },
  )
  await under.fleet.start()
  await under.untilReady()
  const gone = under.fleet.retire('1')
  await untilFleet(under, '1a draining, 2a ready')
  assert.deepEqual(asked, ['1#1 within 5000'])
  assert.notEqual(under.instance('1').pid, undefined, 'its process runs on')
  finished.resolve()
  await gone
  await untilFleet(under, '2a ready')
})

test('an instance that is to be drained is named when that cannot be', async (context) => {
  const under = fleetOf(context, 'never-listens.mjs', { instances: 1 })
  await under.fleet.start()
  await assert.rejects(under.fleet.retire('7'), (error) => isDroverError(error, 'INSTANCE_UNKNOWN'))
  await assert.rejects(under.fleet.retire('1'), (error) => isDroverError(error, 'INSTANCE_NOT_RUNNING'))
})

test('a spare takes the place of the dead in the same moment, and the dead one comes back as the spare', async (context) => {
  const under = fleetOf(context, 'listens.mjs', { instances: 2, spares: 1 })
  await under.fleet.start()
  await until('all are ready', () => readyOf(under).length === 3)
  const spare = under.fleet.instances().find(({ role }) => role === 'spare')
  const victim = under.fleet.instances().find(({ role }) => role === 'server')
  assert.ok(spare !== undefined && victim !== undefined)
  const before = under.changes.length
  under.fleet.kill(victim.id)
  await until('it died', () => under.deaths[0])
  const told = under.changes.slice(before)
  const noticed = told.findIndex((views) =>
    views.some(({ id, state }) => id === victim.id && state === 'backoff'),
  )
  assert.ok(noticed >= 0)
  const next = told[noticed + 1]?.find(({ id }) => id === spare.id)
  assert.equal(next?.role, 'server', 'nothing else happens before')
  await until('the fleet is whole', () => readyOf(under).length === 3)
  assert.equal(under.instance(victim.id).role, 'spare')
})

test('a version whose command is not there is refused before anything runs', async (context) => {
  const under = fleetOf(context, 'listens.mjs', { command: ['no-such-program'] })
  await assert.rejects(under.fleet.start(), (error) => isDroverError(error, 'OPTION_INVALID'))
  assert.deepEqual(under.fleet.instances(), [])
})
