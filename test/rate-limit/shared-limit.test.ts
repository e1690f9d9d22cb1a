// One limit for two servers, each with connections of its own, on every store: exactly as many pass as are allowed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { rateLimit } from '../../src/rate-limit/index.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import type { ClosingRateCounter } from '../../src/testing/index.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000 }
const allowed = 20
const asked = 60

interface Backend {
  readonly open: () => ClosingRateCounter
  readonly stop: () => unknown
}

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'drover-rate-limit-'))
    const limits = { ...patient, openTimeoutMs: 20_000, busyTimeoutMs: 10_000 }
    const stop = () => {
      rmSync(folder, { recursive: true })
    }
    return { open: () => sqliteSessionStore(join(folder, 'shop.db'), limits), stop }
  },
  async Redis() {
    const server = await startRedis()
    const limits = { ...patient, connectTimeoutMs: 20_000 }
    return { open: () => redisSessionStore(server.url, limits), stop: () => server.stop() }
  },
  async PostgreSQL() {
    const server = await startPostgres()
    const limits = { ...patient, connectTimeoutMs: 20_000, openTimeoutMs: 20_000 }
    return { open: () => postgresSessionStore(server.url, limits), stop: () => server.stop() }
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
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(async () => {
    server.close()
    server.closeAllConnections()
    await store.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

for (const [name, start] of Object.entries(backends)) {
  describe(`a limit on ${name}`, () => {
    let backend: Backend
    before(async () => {
      backend = await start()
    })
    after(() => backend.stop())

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
        // Half an hour each, less what has passed meanwhile.
        const retryAfter = Number(headers.get('retry-after'))
        assert.ok(retryAfter > 1_500 && retryAfter <= 1_800, `Retry-After ${retryAfter}`)
      }
      assert.equal((await ask(0, 'bob')).status, 200)
    })
  })
}
