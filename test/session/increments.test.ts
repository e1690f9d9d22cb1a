// Two servers, as real processes, that change one field of one session at once: nothing is lost, on every store.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sessions } from '../../src/index.ts'
import type { Sessions } from '../../src/index.ts'
import type { OpenSession } from '../../src/session/session.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { openPatiently } from './fixtures/open-patiently.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'

interface Counted {
  visits: number
}

const program = new URL('fixtures/counts.ts', import.meta.url)
const times = 1_000

let redis: RedisServer
let postgres: PostgresServer
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-increments-'))
  redis = await startRedis()
  postgres = await startPostgres()
})

after(async () => {
  await redis.stop()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

const stores: Readonly<Record<string, () => string>> = {
  SQLite: () => `sqlite:${join(folder, 'sessions.db')}`,
  Redis: () => redis.url,
  PostgreSQL: () => postgres.url,
}

for (const [name, storeOf] of Object.entries(stores)) {
  for (const rule of ['counter', 'update']) {
    test(`${name}: 2 processes × 1,000 concurrent increments (${rule}) end at exactly 2,000`, async () => {
      const store = storeOf()
      const shop = sessions<Counted>({ store: openPatiently(store) })
      try {
        const cookie = await begin(shop)
        await runBoth(store, cookie, rule)
        assert.equal((await open(shop, cookie).data()).visits, 2 * times)
      } finally {
        await shop.close()
      }
    })
  }
}

function open(shop: Sessions<Partial<Counted>>, cookie?: string): OpenSession<Partial<Counted>> {
  return shop.open(
    {},
    {
      method: 'GET',
      header: (name) => (name === 'cookie' ? cookie : undefined),
      ip: undefined,
      encrypted: false,
      headLeft: () => false,
    },
  )
}

async function begin(shop: Sessions<Partial<Counted>>): Promise<string> {
  const session = open(shop)
  ;(await session.data()).visits = 0
  await session.commit()
  return session.takeCookies()[0]?.split(';')[0] ?? assert.fail('no cookie')
}

/** Both are ready before either is let go, so that they count at the same time. */
async function runBoth(store: string, cookie: string, rule: string): Promise<void> {
  const words = [store, cookie, rule, String(times)]
  const servers = [1, 2].map(() => fork(program, words, { execArgv: ['--conditions=source'] }))
  await Promise.all(servers.map((server) => once(server, 'message')))
  const codes = servers.map(async (server) => {
    const [code] = await once(server, 'exit')
    return code
  })
  for (const server of servers) server.send('go')
  assert.deepEqual(await Promise.all(codes), [0, 0])
}
