import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import type { Servers } from './servers.ts'
import { startUntil } from './start-until.ts'
import { useTargets } from './targets.ts'

function countingServers(): { servers: Servers; stops: () => number } {
  const servers = useTargets(['http://127.0.0.1:1'], 'single', 1)
  let count = 0
  const stop = () => {
    count += 1
    return Promise.resolve()
  }
  return { servers: Object.assign(servers, { stop }), stops: () => count }
}

test('servers that are ready in time are handed over, and stay', async () => {
  const { servers, stops } = countingServers()
  const timeout = new AbortController()
  assert.equal(await startUntil(timeout.signal, () => Promise.resolve(servers)), servers)
  timeout.abort()
  await setImmediate()
  assert.equal(stops(), 0)
})

test('nobody waits for servers when the time is over, and they are stopped once they are ready', async () => {
  const { servers, stops } = countingServers()
  const timeout = new AbortController()
  const start = Promise.withResolvers<Servers>()
  const starting = startUntil(timeout.signal, () => start.promise)
  timeout.abort(new Error('over'))
  await assert.rejects(starting, /over/)
  start.resolve(servers)
  await setImmediate()
  assert.equal(stops(), 1)
})
