import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Upstream } from '../messages.ts'
import { Roster, type RosterEntry } from './roster.ts'

function upstream(id: string, epoch = 1, port = 4_000): Upstream {
  return { id, epoch, host: '127.0.0.1', port }
}

const none: ReadonlySet<RosterEntry> = new Set()

function pick(roster: Roster, tried: ReadonlySet<RosterEntry> = none): RosterEntry {
  const entry = roster.pick(tried)
  if (entry === undefined) throw new Error('the roster picked nobody')
  return entry
}

test('Roster picks nobody before it has instances, and nobody when all were tried', () => {
  const roster = new Roster(() => 0)
  assert.equal(roster.pick(none), undefined)
  roster.replace([upstream('1'), upstream('2')])
  const first = pick(roster)
  const second = pick(roster, new Set([first]))
  assert.notEqual(first, second)
  assert.equal(roster.pick(new Set([first, second])), undefined)
})

test('Roster.replace keeps the counts of an instance that stays', () => {
  const roster = new Roster(() => 0)
  roster.replace([upstream('1')])
  const entry = pick(roster)
  entry.inFlight = 2
  entry.requests = 5
  roster.replace([upstream('2'), upstream('1')])
  assert.ok(roster.has(entry))
  assert.deepEqual(roster.loads(), [
    { id: '2', inFlight: 0, requests: 0 },
    { id: '1', inFlight: 2, requests: 5 },
  ])
})

test('Roster takes a restarted instance for a new one that nobody tried, and its answered requests never fall', () => {
  const roster = new Roster(() => 0)
  roster.replace([upstream('1')])
  const before = pick(roster)
  before.inFlight = 1
  before.requests = 5
  roster.replace([upstream('1', 2, 4_001)])
  assert.ok(!roster.has(before))
  const after = pick(roster, new Set([before]))
  assert.equal(after.upstream.epoch, 2)
  after.requests = 1
  assert.deepEqual(roster.loads(), [{ id: '1', inFlight: 1, requests: 6 }])
  before.inFlight = 0
  roster.replace([])
  assert.deepEqual(roster.loads(), [{ id: '1', inFlight: 0, requests: 6 }])
  roster.replace([upstream('1', 3)])
  assert.deepEqual(roster.loads(), [{ id: '1', inFlight: 0, requests: 6 }])
})

test('Roster counts what a replaced instance still answers', () => {
  const roster = new Roster(() => 0)
  roster.replace([upstream('1')])
  const before = pick(roster)
  before.inFlight++
  roster.replace([])
  assert.deepEqual(roster.loads(), [{ id: '1', inFlight: 1, requests: 0 }])
  before.requests++
  before.inFlight--
  roster.replace([upstream('1', 2)])
  assert.deepEqual(roster.loads(), [{ id: '1', inFlight: 0, requests: 1 }])
})

test('Roster.pick prefers the less busy of the two it draws', () => {
  const roster = new Roster(() => 0)
  roster.replace([upstream('1'), upstream('2')])
  pick(roster).inFlight = 3
  assert.equal(pick(roster).inFlight, 0)
})
