// sessions({ mode: 'token' }) in two processes that share nothing but secrets and a feed of revocations, on real stores.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cuttableLine } from '../support/cuttable-line.ts'
import { startFixture } from '../support/fixture.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { quantile } from '../stores/quantile.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const signOuts = 10
const program = new URL('./fixtures/cookie-shop.ts', import.meta.url)

interface Answer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | null
  /** What the browser holds after it. */
  readonly cookie: string
}

/** Asks one server with a cookie, as a browser does. */
type Server = (path: string, cookie?: string) => Promise<Answer>

async function start(t: TestContext, address: string): Promise<Server> {
  const shop = startFixture(program, [address])
  t.after(() => shop.stop())
  await until('the shop', () => shop.lines.length > 0)
  return async (path, cookie = '') => {
    const response = await fetch(`http://127.0.0.1:${shop.lines[0]}${path}`, {
      method: 'POST',
      headers: { cookie },
    })
    const [line] = response.headers.getSetCookie()
    return {
      status: response.status,
      body: await response.text(),
      retryAfter: response.headers.get('retry-after'),
      cookie: line?.split(';')[0] ?? cookie,
    }
  }
}

/** What is to be true of two servers, whatever knows which sign-ins have ended. */
async function playTwo(t: TestContext, name: string, here: Server, there: Server): Promise<void> {
  const visitor = await here('/add/lamp')
  const ann = await there('/login/ann', visitor.cookie)
  assert.equal((await here('/', ann.cookie)).body, '{"who":"ann","cart":["lamp"]}')
  const tookMs: number[] = []
  for (let count = 0; count < signOuts; count += 1) {
    const { cookie } = await here('/login/bob')
    assert.equal((await there('/', cookie)).body, '{"who":"bob"}')
    assert.equal((await here('/logout', cookie)).status, 200)
    const sinceMs = performance.now()
    await until('a stolen copy is worthless', async () => (await there('/', cookie)).body === '{}')
    tookMs.push(performance.now() - sinceMs)
  }
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(tookMs, share).toFixed(1))
  t.diagnostic(`${name}: signed out here, worthless in the other process after p50 ${p50} ms, p99 ${p99} ms`)
  await here('/end/ann')
  await until('ann has ended', async () => (await there('/', ann.cookie)).body === '{}')
  assert.equal((await there('/', (await there('/login/ann')).cookie)).body, '{"who":"ann"}')
}

/** What becomes of requests to `there`, whose line alone is cut. */
async function playCut(here: Server, there: Server, cut: () => void, mend: () => void): Promise<void> {
  const [ann, bob] = [await here('/login/ann'), await here('/login/bob')]
  for (const { cookie } of [ann, bob]) assert.equal((await there('/refuse', cookie)).status, 200)
  cut()
  await until('the cut is noticed', async () => (await there('/refuse', ann.cookie)).status === 503)
  await here('/logout', bob.cookie)
  const lookedUp = await there('/', ann.cookie)
  assert.deepEqual([lookedUp.status, lookedUp.retryAfter, lookedUp.cookie], [503, '1', ann.cookie])
  // Within its time a route that accepts takes even what has ended meanwhile.
  for (const { cookie } of [ann, bob]) assert.equal((await there('/accept', cookie)).status, 200)
  mend()
  await until('the feed is back', async () => (await there('/refuse', ann.cookie)).status === 200)
  assert.equal((await there('/refuse', bob.cookie)).body, '{}')
}

describe('sessions in cookies, in two processes', { concurrency: true }, () => {
  // A file has no line that could be cut.
  test('SQLite: what one ends is worthless in the other', async (t) => {
    const folder = await temporaryFolder('cookie-shop')
    const file = join(folder, 'feed.db')
    const [here, there] = [await start(t, file), await start(t, file)]
    await playTwo(t, 'SQLite', here, there)
  })

  for (const { name, run } of [
    { name: 'Redis', run: startRedis },
    { name: 'PostgreSQL', run: startPostgres },
  ]) {
    test(`${name}: what one ends is worthless in the other, and where its line is cut each route’s rule holds`, async (t) => {
      const store = await run()
      t.after(() => store.stop())
      const url = new URL(store.url)
      const line = await cuttableLine(Number(url.port))
      t.after(() => line.stop())
      url.port = String(line.port)
      const [here, there] = [await start(t, store.url), await start(t, url.href)]
      await playTwo(t, name, here, there)
      await playCut(here, there, line.cut, line.mend)
    })
  }
})
