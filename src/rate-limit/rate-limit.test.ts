import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryRateCounter } from '../../test/support/memory-rate-counter.ts'
import { rateLimit } from './index.ts'
import type { RateLimitOptions } from './index.ts'

function counting(given: Partial<RateLimitOptions> = {}) {
  const clock = { nowMs: 1_700_000_000_000, now: () => clock.nowMs }
  const store = new MemoryRateCounter(new Map(), clock)
  return { clock, store, limit: rateLimit({ store, limit: 3, per: '1m', onUnavailable: 'refuse', ...given }) }
}

const clockToleranceMs = 100

describe('rateLimit check', () => {
  test('allows so many at once, refuses the next, and allows it when it was told to come', async () => {
    const { clock, limit } = counting()
    for (const remaining of [2, 1, 0]) {
      const { allowed, remaining: left, counted } = await limit.check('ann')
      assert.deepEqual([allowed, left, counted], [true, remaining, true])
    }
    const refused = await limit.check('ann')
    assert.deepEqual([refused.allowed, refused.retryAfterMs, refused.resetMs], [false, 20_000, 60_000])
    clock.nowMs += refused.retryAfterMs - clockToleranceMs - 1
    assert.equal((await limit.check('ann')).allowed, false)
    clock.nowMs += clockToleranceMs + 1
    assert.equal((await limit.check('ann')).allowed, true)
    assert.equal((await limit.check('ann')).allowed, false)
  })

  test('tells of itself in RateLimit and RateLimit-Policy, and with a refusal in Retry-After, in whole seconds', async () => {
    const { clock, limit } = counting({ name: 'login' })
    assert.deepEqual((await limit.check('ann', 3)).headers, {
      'ratelimit-policy': '"login";q=3;w=60',
      ratelimit: '"login";r=0;t=60',
    })
    clock.nowMs += 500
    assert.deepEqual((await limit.check('ann')).headers, {
      'ratelimit-policy': '"login";q=3;w=60',
      ratelimit: '"login";r=0;t=60',
      'retry-after': '20',
    })
  })

  test('a client that hammers gets its share, like one that waits', async () => {
    const { clock, limit } = counting()
    let allowed = 0
    for (let request = 0; request < 10_000; request += 1) {
      if ((await limit.check('ann')).allowed) allowed += 1
      clock.nowMs += 60
    }
    // Ten minutes: 3 at once, then 3 a minute.
    assert.equal(allowed, 3 + 10 * 3)
  })

  test('servers whose clocks differ a little allow exactly as many, in whatever order they come', async () => {
    const { clock, store, limit } = counting({ limit: 10 })
    const behind = new MemoryRateCounter(store.untilUs, { now: () => clock.nowMs - clockToleranceMs })
    const other = rateLimit({ store: behind, limit: 10, per: '1m', onUnavailable: 'refuse' })
    const verdicts = []
    for (let turn = 0; turn < 10; turn += 1) {
      verdicts.push(await limit.check('ann'), await other.check('ann'))
    }
    assert.deepEqual(
      verdicts.map(({ allowed }) => allowed),
      verdicts.map((_, index) => index < 10),
    )
    assert.deepEqual(
      verdicts.slice(0, 10).map(({ remaining }) => remaining),
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    )
  })

  test('keys and names are counted apart, whatever text they are, and do not rest readably', async () => {
    const { store, limit } = counting()
    const other = rateLimit({ store, limit: 3, per: '1m', onUnavailable: 'refuse', name: 'other' })
    await limit.check('ann', 3)
    assert.equal((await limit.check('ann')).allowed, false)
    for (const key of ['', 'Ann', 'ann ', 'ключ 🔑', 'long'.repeat(10_000)]) {
      assert.equal((await limit.check(key)).allowed, true)
    }
    assert.equal((await other.check('ann')).allowed, true)
    for (const key of store.untilUs.keys()) assert.match(key, /^[A-Za-z0-9_-]{43}$/)
  })

  test('a cost of 0 asks without counting; one above the limit is refused by name', async () => {
    const { limit } = counting()
    assert.equal((await limit.check('ann', 0)).remaining, 3)
    assert.equal((await limit.check('ann', 0)).remaining, 3)
    await assert.rejects(limit.check('ann', 4), { code: 'OPTION_INVALID', message: /Cannot use cost 4/ })
  })

  test('while the store is unavailable: refuse rejects with it, allow lets pass and says that nothing was counted', async () => {
    const refusing = counting()
    refusing.store.isUnavailable = true
    await assert.rejects(refusing.limit.check('ann'), { code: 'STORE_UNAVAILABLE', status: 503 })
    const allowing = counting({ onUnavailable: 'allow' })
    allowing.store.isUnavailable = true
    const { allowed, counted, headers } = await allowing.limit.check('ann')
    assert.deepEqual([allowed, counted, headers], [true, false, {}])
  })

  test('an error that is no outage is never taken for one', async () => {
    const store = { hit: () => Promise.reject(new TypeError('a bug')) }
    const limit = rateLimit({ store, limit: 3, per: '1m', onUnavailable: 'allow' })
    await assert.rejects(limit.check('ann'), TypeError)
  })
})

describe('rateLimit options', () => {
  for (const [given, message] of [
    [{ limit: 0 }, /Cannot use limit 0: wanted a whole number above zero/],
    [{ per: '1 minute' }, /Cannot use per "1 minute": wanted a duration/],
    [{ per: 0 }, /Cannot use per 0/],
    [{ store: {} }, /Cannot count in store: it has no hit, wanted a session store of Drover/],
    [{ store: undefined }, /Cannot count in store/],
    [{ onUnavailable: undefined }, /Cannot use onUnavailable undefined: wanted "allow" or "refuse"/],
    [{ name: 'a "b"' }, /Cannot use name "a \\"b\\"": wanted 1 to 64/],
    [{ name: '' }, /Cannot use name ""/],
  ] as const) {
    test(`are refused by name: ${JSON.stringify(given)}`, () => {
      assert.throws(() => counting(given as Partial<RateLimitOptions>), { code: 'OPTION_INVALID', message })
    })
  }
})
