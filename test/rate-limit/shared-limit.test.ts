// Every store as a counter: its contract, and one limit for two servers of which exactly as many pass as are allowed.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { systemClock } from '../../src/base/clock.ts'
import { rateLimit } from '../../src/rate-limit/index.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { ManualClock, rateCounterContract } from '../../src/testing/index.ts'
import type { Clock, RateCounter, SessionStore } from '../../src/testing/index.ts'
import { newKey, record } from '../../src/testing/session-store/stage.ts'
import { listen } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000 }
const allowed = 20
const asked = 60

interface Backend {
  readonly open: (clock?: Clock) => SessionStore & RateCounter
  readonly stop: () => unknown
}

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'drover-rate-limit-'))
    const limits = { ...patient, openTimeoutMs: 20_000, busyTimeoutMs: 10_000 }
    const stop = () => {
      rmSync(folder, { recursive: true })
    }
    return {
      open: (clock = systemClock) => sqliteSessionStore(join(folder, 'shop.db'), { ...limits, clock }),
      stop,
    }
  },
  async Redis() {
    const server = await startRedis()
    const limits = { ...patient, connectTimeoutMs: 20_000 }
    return {
      open: (clock = systemClock) => redisSessionStore(server.url, { ...limits, clock }),
      stop: () => server.stop(),
    }
  },
  async PostgreSQL() {
    const server = await startPostgres()
    const limits = { ...patient, connectTimeoutMs: 20_000, openTimeoutMs: 20_000 }
    return {
      open: (clock = systemClock) => postgresSessionStore(server.url, { ...limits, clock }),
      stop: () => server.stop(),
    }
  },
}

/** A server of its own: an Express app with the limit before it. Its refill is far away, so that counts are exact. */
async function serve(context: TestContext, { open }: Backend): Promise<string> {
  const store = open()
  const app = express()
  const key = (request: express.Request) => request.get('x-user')
  app.use(rateLimit({ store, limit: allowed, per: '10h', onUnavailable: 'refuse', key }).middleware)
  app.get('/', (_, response) => {
    response.send('ok')
  })
  const server = createServer(app)
  const port = await listen(server)
  context.after(async () => {
    server.close()
    server.closeAllConnections()
    await store.close()
  })
  return `http://127.0.0.1:${port}/`
}

for (const [name, start] of Object.entries(backends)) {
  describe(`a rate limit on ${name}`, () => {
    let backend: Backend
    before(async () => {
      backend = await start()
    })
    after(() => backend.stop())

    for (const { name: promise, run } of rateCounterContract({ open: (clock) => backend.open(clock) })) {
      test(promise, run)
    }

    test("a hit of a session's own key touches no session, and a session no count", async () => {
      const clock = new ManualClock()
      const store = backend.open(clock)
      const key = newKey()
      const stored = record(clock, { a: '1' })
      await store.create(key, stored)
      assert.deepEqual(await store.hit(key, 1_000, 1_000), { isTaken: true, usedUs: 1_000 })
      assert.deepEqual(await store.load(key), stored)
      await store.delete(key)
      assert.deepEqual(await store.hit(key, 1, 1_000), { isTaken: false, usedUs: 1_000 })
      await store.close()
    })

    test(`of ${allowed}, shared by two servers: of ${asked} requests at once exactly ${allowed} pass`, async (context) => {
      const urls = [await serve(context, backend), await serve(context, backend)] as const
      const ask = (index: number, user: string) =>
        fetch(urls[index % 2 === 0 ? 0 : 1], { headers: { 'x-user': user } })
      const answers = await Promise.all(Array.from({ length: asked }, (_, index) => ask(index, 'ann')))
      const passed = answers.filter(({ status }) => status === 200)
      const refused = answers.filter(({ status }) => status === 429)
      assert.deepEqual([passed.length, refused.length], [allowed, asked - allowed])
      assert.deepEqual(
        new Set(passed.map(({ headers }) => /;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1])),
        new Set(Array.from({ length: allowed }, (_, remaining) => String(remaining))),
      )
      for (const { headers } of refused) {
        assert.equal(headers.get('ratelimit-policy'), `"default";q=${allowed};w=36000`)
        assert.match(headers.get('ratelimit') ?? '', /^"default";r=0;t=\d+$/)
        // Half an hour each, less what has passed meanwhile; seconds are rounded up, and a request that was overtaken counts
        // from a moment ago.
        const retryAfter = Number(headers.get('retry-after'))
        assert.ok(retryAfter > 1_500 && retryAfter <= 1_801, `Retry-After ${retryAfter}`)
      }
      assert.equal((await ask(0, 'bob')).status, 200)
    })
  })
}
