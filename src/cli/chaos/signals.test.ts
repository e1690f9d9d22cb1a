import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshot } from '../../../test/support/sample-snapshot.ts'
import type { FleetSnapshot } from '../../control/snapshot.ts'
import { Signals } from './signals.ts'

const named = 11
const other = 4_711
const never = new AbortController().signal

/** Signals to a fleet that names process 11, and what was sent. */
function signalsTo(look: () => Promise<FleetSnapshot> = () => Promise.resolve(snapshot)) {
  const sent: string[] = []
  const signals = new Signals(look, (pid, signal) => sent.push(`${signal} ${pid}`) > 0)
  return { signals, sent }
}

test('Signals sends nothing to a process that the fleet does not name', async () => {
  const { signals, sent } = signalsTo()
  assert.equal(await signals.kill(other), false)
  assert.equal(await signals.stop(other, never), false)
  assert.deepEqual(sent, [])
})

test('Signals never addresses init, its own group or every process, whatever a fleet names', async () => {
  const balancers = [-1, 0, 1].map((pid) => ({ pid, restarts: 0, state: 'serving' }) as const)
  const { signals, sent } = signalsTo(() => Promise.resolve({ ...snapshot, balancers }))
  for (const pid of [-1, 0, 1, Number.NaN]) {
    assert.equal(await signals.kill(pid), false)
    assert.equal(await signals.stop(pid, never), false)
  }
  assert.deepEqual(sent, [])
})

test('Signals kills a process, and stops its group until it is let go on', async () => {
  const { signals, sent } = signalsTo()
  assert.equal(await signals.kill(named), true)
  assert.equal(await signals.stop(named, never), true)
  assert.deepEqual([...signals.stopped], [named])
  await signals.resume(named)
  await signals.resume(named)
  assert.deepEqual([...signals.stopped], [])
  assert.deepEqual(sent, ['SIGKILL 11', 'SIGSTOP -11', 'SIGCONT -11'])
})

test('Signals lets nothing go on that the fleet has replaced', async () => {
  const seen = [snapshot, { ...snapshot, instances: [] }]
  const { signals, sent } = signalsTo(() => Promise.resolve(seen.shift() ?? snapshot))
  await signals.stop(named, never)
  await signals.resumeAll()
  assert.deepEqual(sent, ['SIGSTOP -11'])
  assert.equal(signals.stopped.size, 0)
})

test('Signals lets a process go on when the fleet cannot be asked any more', async () => {
  let isThere = true
  const { signals, sent } = signalsTo(() =>
    isThere ? Promise.resolve(snapshot) : Promise.reject(new Error('gone')),
  )
  await signals.stop(named, never)
  isThere = false
  await signals.resumeAll()
  assert.deepEqual(sent, ['SIGSTOP -11', 'SIGCONT -11'])
})

test('Signals stops nothing after the end, also when that comes while it asks', async () => {
  const over = new AbortController()
  const { signals, sent } = signalsTo(() => {
    over.abort()
    return Promise.resolve(snapshot)
  })
  assert.equal(await signals.stop(named, over.signal), false)
  assert.deepEqual(sent, [])
})

test('Signals lets everything go on at once where nothing can be awaited', async () => {
  const { signals, sent } = signalsTo()
  await signals.stop(named, never)
  signals.resumeAllNow()
  signals.resumeAllNow()
  assert.deepEqual(sent, ['SIGSTOP -11', 'SIGCONT -11'])
})
