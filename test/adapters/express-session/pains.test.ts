// The pains of express-session, each made on a real Redis with connect-redis, and none of them with the drop-in: over our
// own store where only a store can help, and over connect-redis itself where the middleware can.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createClient } from 'redis'
import type { Store } from '../../../src/adapters/express-session/index.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { redisSessionStore } from '../../../src/stores/redis/index.ts'
import { startRedis } from '../../support/redis-server.ts'
import { cookieOf, Stage } from './stage.ts'
import type { Handler, ServeOptions, Served } from './stage.ts'
import { drover, upstream } from './setups.ts'
import type { Library, Setup } from './setups.ts'

/** Without its types, which bring those of express-session. */
const { RedisStore } = createRequire(import.meta.url)('connect-redis') as {
  RedisStore: new (options: { client: unknown }) => Store
}

const redis = await startRedis()
const client = createClient({ url: redis.url })
client.on('error', () => undefined)
await client.connect()
const ownStore = redisSessionStore(redis.url)
after(async () => {
  client.destroy()
  await ownStore.close()
  await redis.stop()
})

const former: Setup = {
  name: 'express-session with connect-redis',
  session: upstream,
  openStore: async () => new RedisStore({ client }),
}
const sameStore: Setup = { ...former, name: 'the drop-in with connect-redis', session: drover }
const onOwnStore: Setup = {
  name: 'the drop-in with our Redis store',
  session: drover,
  openStore: async () => ownStore,
}

/** A request that waits in its handler until it is let go. */
interface Slow {
  readonly reached: Promise<void>
  readonly release: () => void
}

interface Shop extends Served {
  /** Holds the next request to `path`. */
  readonly hold: (path: string) => Slow
}

async function openShop(context: TestContext, setup: Setup, options: ServeOptions = {}): Promise<Shop> {
  const holds = new Map<string, { reached: () => void; released: Promise<void> }>()
  const handler: Handler = (req, res) => {
    const { session, url = '' } = req
    const hold = holds.get(url)
    const act = () => {
      if (url === '/theme') session.theme = 'dark'
      if (url === '/cart') session.cart = ['mug']
      if (url === '/in') session.user = 'ann'
      if (url === '/out') session.destroy(() => res.end('out'))
      else res.end(JSON.stringify(Object.assign({}, session, { cookie: undefined })))
    }
    hold?.reached()
    if (hold === undefined) act()
    else void hold.released.then(act)
  }
  const onError = () => undefined
  const served = await new Stage(context, setup).serve(
    { saveUninitialized: false, onError, ...options },
    handler,
  )
  return {
    ...served,
    hold: (path) => {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      holds.set(path, { reached: reached.resolve, released: released.promise })
      return {
        reached: reached.promise,
        release: () => {
          holds.delete(path)
          released.resolve()
        },
      }
    },
  }
}

/** One request changes the cart while another has changed the theme: what is left. */
async function overlap(context: TestContext, setup: Setup): Promise<unknown> {
  const { visit, hold } = await openShop(context, setup)
  const cookie = cookieOf(await visit('/in'))
  const held = hold('/cart')
  const slow = visit('/cart', { cookie })
  await held.reached
  await visit('/theme', { cookie })
  held.release()
  await slow
  return JSON.parse((await visit('/', { cookie })).text)
}

test('concurrent requests overwrite each other with express-session, and both survive on our store', async (context) => {
  const lost = { user: 'ann', cart: ['mug'] }
  assert.deepEqual(await overlap(context, former), lost)
  // A connect-* store writes whole sessions: nothing above it can help.
  assert.deepEqual(await overlap(context, sameStore), lost)
  assert.deepEqual(await overlap(context, onOwnStore), { user: 'ann', theme: 'dark', cart: ['mug'] })
})

/** A slow request ends after its session was signed out: the slow answer's status, and what the old cookie still opens. */
async function resurrect(context: TestContext, setup: Setup, options: ServeOptions): Promise<unknown> {
  const { visit, hold } = await openShop(context, setup, options)
  const cookie = cookieOf(await visit('/in'))
  const path = options.resave === true ? '/look' : '/theme'
  const held = hold(path)
  const slow = visit(path, { cookie })
  await held.reached
  assert.equal((await visit('/out', { cookie })).text, 'out')
  held.release()
  const { status } = await slow
  return [status, JSON.parse((await visit('/', { cookie })).text)]
}

test('a session that was signed out is brought back by a slower request with express-session, and never on our store', async (context) => {
  const back = { user: 'ann', theme: 'dark' }
  assert.deepEqual(await resurrect(context, former, {}), [200, back])
  assert.deepEqual(await resurrect(context, sameStore, {}), [200, back])
  assert.deepEqual(await resurrect(context, onOwnStore, {}), [409, {}])
})

test('with resave, express-session brings it back by a request that only looks; on our store that one is answered', async (context) => {
  assert.deepEqual(await resurrect(context, former, { resave: true }), [200, { user: 'ann' }])
  assert.deepEqual(await resurrect(context, onOwnStore, { resave: true }), [200, {}])
})

/** How many bytes of the answer were on their way while the session was still being saved. */
async function bytesBeforeSave(context: TestContext, setup: Setup): Promise<number> {
  let socket: Socket | null = null
  let bytes = -1
  const store = new RedisStore({ client })
  const set = store.set.bind(store)
  store.set = (sid, session, callback) => {
    // By then the middleware has done all that it does without an answer from the store.
    setImmediate(() => {
      bytes = socket?.bytesWritten ?? -1
      set(sid, session, callback)
    })
  }
  const before: Handler = (_req, res) => {
    socket = res.socket
  }
  const { visit } = await openShop(context, { ...setup, openStore: async () => store }, { before })
  await visit('/in')
  return bytes
}

test('an answer leaves before its session is saved with express-session, and never with the drop-in', async (context) => {
  assert.ok((await bytesBeforeSave(context, former)) > 100)
  assert.equal(await bytesBeforeSave(context, sameStore), 0)
})

/** A sign-in after the Redis that has the sessions was killed: the answer. */
async function loginInOutage(context: TestContext, session: Library, own: boolean): Promise<unknown> {
  const doomed = await startRedis()
  context.after(() => doomed.stop())
  const openStore = async () => (own ? openOwn(context, doomed.url) : openClassic(context, doomed.url))
  const { visit } = await openShop(context, { name: '', session, openStore })
  assert.equal((await visit('/in')).status, 200)
  await doomed.stop()
  const { status, cookies, headers } = await visit('/in')
  return [status, cookies.length, headers.get('retry-after')]
}

async function openOwn(context: TestContext, url: string): Promise<SessionStore> {
  const store = redisSessionStore(url)
  context.after(() => store.close())
  return store
}

async function openClassic(context: TestContext, url: string): Promise<Store> {
  // Without the queue: with it, the answer comes all the same, and only then the client waits for Redis to come back.
  const doomed = createClient({ url, disableOfflineQueue: true })
  doomed.on('error', () => undefined)
  await doomed.connect()
  context.after(() => {
    doomed.destroy()
  })
  return new RedisStore({ client: doomed })
}

test('a login during an outage is 200 with a cookie for nothing with express-session, and 503 without one with the drop-in', async (context) => {
  assert.deepEqual(await loginInOutage(context, upstream, false), [200, 1, null])
  assert.deepEqual(await loginInOutage(context, drover, false), [503, 0, '1'])
  assert.deepEqual(await loginInOutage(context, drover, true), [503, 0, '1'])
})
