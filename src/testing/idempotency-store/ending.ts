// Completing, renewing, releasing and forgetting a key: only by its holder.
import assert from 'node:assert/strict'
import { again, attempt, doneWith, leaseMs, reserved, retentionMs, runningFor } from './stage.ts'
import type { IdempotencyCase } from './stage.ts'

export const endingCases: readonly IdempotencyCase[] = [
  {
    name: 'complete: the response is there for everybody, to the letter',
    async play({ here, there }) {
      const response = JSON.stringify({ body: 'ÄÖ \u0000 "\\ \u{1F4A5}', long: 'x'.repeat(1_500_000) })
      const first = attempt()
      await here.reserve(first)
      assert.equal(await here.complete(first.key, first.token, response, 60_000), true)
      assert.deepEqual(await there.reserve(again(first)), doneWith(response))
    },
  },
  {
    name: 'complete: is remembered for its retention, and then forgotten',
    async play({ here, there, clock }) {
      const first = attempt()
      await here.reserve(first)
      await here.complete(first.key, first.token, 'answer', 60_000)
      clock.advance(59_999)
      assert.deepEqual(await there.reserve(again(first)), doneWith('answer'))
      clock.advance(1)
      const other = again(first, { fingerprint: attempt().fingerprint })
      assert.deepEqual(await there.reserve(other), reserved)
    },
  },
  {
    name: 'complete: counts once, and only with the token that holds the key',
    async play({ here, there }) {
      const first = attempt()
      assert.equal(await here.complete(first.key, first.token, 'early', 60_000), false)
      await here.reserve(first)
      assert.equal(await there.complete(first.key, again(first).token, 'forged', 60_000), false)
      assert.equal(await there.complete(first.key, first.token, 'answer', 60_000), true)
      assert.equal(await here.complete(first.key, first.token, 'second', 60_000), false)
      assert.deepEqual(await there.reserve(again(first)), doneWith('answer'))
    },
  },
  {
    name: 'complete: a slow holder whose lease has ended may, as long as nobody took it',
    async play({ here, there, clock }) {
      const first = attempt()
      await here.reserve(first)
      clock.advance(leaseMs + 1)
      assert.equal(await here.complete(first.key, first.token, 'answer', 60_000), true)
      assert.deepEqual(await there.reserve(again(first)), doneWith('answer'))
    },
  },
  {
    name: 'fence: what a former holder does changes nothing',
    async play({ here, there, clock }) {
      const first = attempt()
      await here.reserve(first)
      clock.advance(leaseMs)
      const second = again(first)
      await there.reserve(second)
      assert.equal(await here.complete(first.key, first.token, 'late', 60_000), false)
      assert.equal(await here.renew(first.key, first.token, 10 * leaseMs), false)
      await here.release(first.key, first.token)
      assert.deepEqual(await here.reserve(again(first)), runningFor(leaseMs))
      assert.equal(await there.complete(second.key, second.token, 'answer', 60_000), true)
      await here.release(first.key, first.token)
      assert.deepEqual(await here.reserve(again(first)), doneWith('answer'))
    },
  },
  {
    name: 'renew: the lease lasts from now on, never less than before',
    async play({ here, there, clock }) {
      const first = attempt()
      assert.equal(await here.renew(first.key, first.token, leaseMs), false)
      await here.reserve(first)
      clock.advance(leaseMs - 1)
      assert.equal(await here.renew(first.key, first.token, leaseMs), true)
      assert.equal(await here.renew(first.key, first.token, 1), true)
      assert.deepEqual(await there.reserve(again(first)), runningFor(leaseMs))
      await here.complete(first.key, first.token, 'answer', 60_000)
      assert.equal(await here.renew(first.key, first.token, leaseMs), false)
      assert.deepEqual(await there.reserve(again(first)), doneWith('answer'))
    },
  },
  {
    name: 'renew: what is renewed is remembered as long after its lease as before',
    async play({ here, there, clock }) {
      const first = attempt()
      await here.reserve(first)
      clock.advance(leaseMs)
      await here.renew(first.key, first.token, leaseMs)
      clock.advance(leaseMs + retentionMs - 1)
      const other = again(first, { fingerprint: attempt().fingerprint })
      assert.deepEqual(await there.reserve(other), { status: 'mismatch' })
      clock.advance(1)
      assert.deepEqual(await there.reserve(other), reserved)
    },
  },
  {
    name: 'release: the key is as if it had never been; a completed one stays',
    async play({ here, there }) {
      const first = attempt()
      await here.reserve(first)
      await there.release(first.key, again(first).token)
      assert.deepEqual(await there.reserve(again(first)), runningFor(leaseMs))
      await there.release(first.key, first.token)
      const second = again(first, { fingerprint: attempt().fingerprint })
      assert.deepEqual(await there.reserve(second), reserved)
      await there.complete(second.key, second.token, 'answer', 60_000)
      await there.release(second.key, second.token)
      assert.deepEqual(await here.reserve(again(second)), doneWith('answer'))
    },
  },
  {
    name: 'close: every later call is STORE_UNAVAILABLE; another server goes on; twice is once',
    async play({ here, there }) {
      const first = attempt()
      await here.reserve(first)
      await Promise.all([here.close(), here.close()])
      const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE' }
      await assert.rejects(here.reserve(again(first)), unavailable)
      await assert.rejects(here.complete(first.key, first.token, 'answer', 60_000), unavailable)
      await assert.rejects(here.renew(first.key, first.token, leaseMs), unavailable)
      await assert.rejects(here.release(first.key, first.token), unavailable)
      assert.deepEqual(await there.reserve(again(first)), runningFor(leaseMs))
    },
  },
]
