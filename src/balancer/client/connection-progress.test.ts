import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPair } from '../../../test/support/socket-pair.ts'
import { ConnectionProgress } from './connection-progress.ts'

const moment = { phase: 'flushing', request: 1, waitsForUs: false }
/** More than the system takes for a client that does not read. */
const large = Buffer.alloc(64 * 1024 * 1024)

test('a client that takes nothing is timed from the first look, however long the clock has run', async (t) => {
  const { server } = await openPair(t)
  server.write(large)
  const progress = new ConnectionProgress()
  progress.look(server, { ...moment, nowMs: 1_000_000 })
  assert.equal(progress.takenAtMs, 1_000_000)
  progress.look(server, { ...moment, nowMs: 1_001_000 })
  assert.equal(progress.takenAtMs, 1_000_000)
})

test('a client that took all it was sent is timed from the last look', async (t) => {
  const { client, server } = await openPair(t)
  const progress = new ConnectionProgress()
  progress.look(server, { ...moment, nowMs: 1_000 })
  const taken = new Promise((resolve) => server.write(large, resolve))
  progress.look(server, { ...moment, nowMs: 2_000 })
  client.resume()
  await taken
  progress.look(server, { ...moment, nowMs: 3_000 })
  assert.equal(progress.takenAtMs, 3_000)
})

test('the next request begins a phase, though it is the same as that of the one before', async (t) => {
  const { server } = await openPair(t)
  const progress = new ConnectionProgress()
  const body = { ...moment, phase: 'body' }
  progress.look(server, { ...body, nowMs: 1_000 })
  progress.look(server, { ...body, nowMs: 2_000 })
  assert.deepEqual([progress.phaseSinceMs, progress.readAtMs], [1_000, 1_000])
  progress.look(server, { ...body, request: 2, nowMs: 3_000 })
  assert.deepEqual([progress.phaseSinceMs, progress.readAtMs], [3_000, 3_000])
})

test('the time a client waits for us counts neither as its silence nor as its phase', async (t) => {
  const { server } = await openPair(t)
  const progress = new ConnectionProgress()
  progress.look(server, { ...moment, nowMs: 1_000 })
  progress.look(server, { ...moment, nowMs: 2_000 })
  progress.look(server, { ...moment, waitsForUs: true, nowMs: 5_000 })
  assert.deepEqual([progress.phaseSinceMs, progress.readAtMs], [4_000, 5_000])
})
