// connect-redis, unchanged, on a real Redis: what express-session keeps there the drop-in reads, and the other way round.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createClient } from 'redis'
import type { Store } from '../../../src/adapters/express-session/index.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { cookieOf, sidOf, Stage } from './stage.ts'
import type { Handler, ServeOptions, Served } from './stage.ts'
import { drover, upstream } from './setups.ts'
import type { Library } from './setups.ts'

/** Without its types, which bring those of express-session. */
const { RedisStore } = createRequire(import.meta.url)('connect-redis') as {
  RedisStore: new (options: { client: unknown; ttl?: number }) => Store
}

const redis = await startRedis()
const client = createClient({ url: redis.url })
client.on('error', () => undefined)
await client.connect()
after(async () => {
  client.destroy()
  await redis.stop()
})

const handler: Handler = (req, res) => {
  const { session } = req
  if (req.url === '/count') session.count = (session.count ?? 0) + 1
  if (req.url === '/in') session.regenerate(() => res.end('in'))
  else if (req.url === '/out') session.destroy(() => res.end('out'))
  else res.end(String(session.count))
}

function serve(context: TestContext, session: Library, options: ServeOptions = {}): Promise<Served> {
  const setup = { name: '', session, openStore: async () => new RedisStore({ client }) }
  return new Stage(context, setup).serve({ saveUninitialized: false, ...options }, handler)
}

test('sessions and cookies pass from express-session to the drop-in and back', async (context) => {
  const theirs = await serve(context, upstream)
  const ours = await serve(context, drover)
  let cookie = cookieOf(await theirs.visit('/count'))
  assert.equal((await ours.visit('/count', { cookie })).text, '2')
  assert.equal((await theirs.visit('/count', { cookie })).text, '3')
  cookie = cookieOf(await ours.visit('/count'))
  assert.equal((await theirs.visit('/count', { cookie })).text, '2')
  assert.equal((await ours.visit('/', { cookie })).text, '2')
})

test('what rests in Redis is the same text, field for field', async (context) => {
  const texts = []
  for (const session of [upstream, drover]) {
    const { visit } = await serve(context, session, { cookie: { maxAge: 60_000, sameSite: 'lax' } })
    const text = await client.get(`sess:${sidOf(await visit('/count'))}`)
    texts.push(text?.replace(/"expires":"[^"]+"/, '"expires":"…"').replace('59999', '60000'))
  }
  assert.equal(texts[1], texts[0])
})

for (const session of [upstream, drover]) {
  const name = session === drover ? 'the drop-in' : 'express-session'

  test(`${name}: a record lives as long as its cookie, and use prolongs it`, async (context) => {
    const { visit } = await serve(context, session, { cookie: { maxAge: 60_000 } })
    const answer = await visit('/count')
    const key = `sess:${sidOf(answer)}`
    assert.ok((await client.ttl(key)) > 50)
    await client.expire(key, 5)
    await visit('/', { cookie: cookieOf(answer) })
    await until('the record lives longer again', async () => (await client.ttl(key)) > 50)
  })

  test(`${name}: destroy and regenerate remove the record`, async (context) => {
    const { visit } = await serve(context, session)
    const first = await visit('/count')
    await visit('/out', { cookie: cookieOf(first) })
    assert.equal(await client.exists(`sess:${sidOf(first)}`), 0)
    const second = await visit('/count')
    const third = await visit('/in', { cookie: cookieOf(second) })
    assert.equal(await client.exists(`sess:${sidOf(second)}`), 0)
    assert.equal(await client.exists(`sess:${sidOf(third)}`), 1)
  })

  test(`${name}: a record that somebody removed is a new session under a new id`, async (context) => {
    const { visit } = await serve(context, session)
    const first = await visit('/count')
    await client.del(`sess:${sidOf(first)}`)
    const second = await visit('/count', { cookie: cookieOf(first) })
    assert.equal(second.text, '1')
    assert.notEqual(sidOf(second), sidOf(first))
  })
}
