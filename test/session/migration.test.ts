// Switching from express-session and from iron-session on a real Redis: nobody is logged out.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { RedisStore } from 'connect-redis'
import express from 'express'
import expressSession from 'express-session'
import { getIronSession } from 'iron-session'
import { createClient } from 'redis'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { sessions } from '../../src/index.ts'
import type { Sessions, SessionsOptions } from '../../src/index.ts'
import { listen } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'

const secret = 'keyboard cat'
const password = 'a password of thirty-two characters or more'

interface Shop {
  cart: string[]
}

let redis: RedisServer

before(async () => {
  redis = await startRedis()
})

after(() => redis.stop())

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  const port = await listen(server)
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}

/** The app before: express-session over connect-redis, as its documentation has it. */
async function formerApp(context: TestContext): Promise<string> {
  const client = await createClient({ url: redis.url }).connect()
  context.after(() => client.close())
  const app = express()
  const store = new RedisStore({ client })
  app.use(
    expressSession({ store, secret, resave: false, saveUninitialized: false, cookie: { maxAge: 3_600_000 } }),
  )
  app.post('/sign-in', (req, res) => {
    Object.assign(req.session, { passport: { user: 'ann' }, cart: ['lamp'] })
    res.end()
  })
  app.get('/', (req, res) => {
    res.json({ user: Reflect.get(Object(Reflect.get(req.session, 'passport')), 'user') ?? null })
  })
  return serve(context, app)
}

/** The app after the switch. */
async function newApp(context: TestContext, options: SessionsOptions<Shop>): Promise<string> {
  const shop = sessions<Shop>({ store: redis.url, onError: () => undefined, ...options })
  context.after(() => shop.close())
  return serve(context, routes(shop))
}

function routes(shop: Sessions<Partial<Shop>>): express.Express {
  const app = express()
  // Express prints errors anywhere else.
  app.set('env', 'test')
  app.use(expressSessions(shop))
  app.get('/', async (req, res) => {
    const session = sessionOf(req, shop)
    res.json({ user: (await session.principal()) ?? null, cart: (await session.data()).cart ?? null })
  })
  app.post('/sign-out', async (req, res) => {
    await sessionOf(req, shop).logout()
    res.end()
  })
  return app
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly cookies: readonly string[]
}

async function ask(url: string, cookie?: string, method = 'GET'): Promise<Answer> {
  const response = await fetch(url, { method, headers: cookie === undefined ? {} : { cookie } })
  return { status: response.status, body: await response.text(), cookies: response.headers.getSetCookie() }
}

function pair(cookies: readonly string[], name: string): string {
  const line = cookies.find((one) => one.startsWith(`${name}=`) && !/Max-Age=0/.test(one))
  return line?.split(';')[0] ?? assert.fail(`no ${name} cookie in ${cookies.join(' | ')}`)
}

test('users of express-session stay signed in when the app switches, with their data, and the former record goes', async (context) => {
  const former = await formerApp(context)
  const theirs = pair((await ask(`${former}/sign-in`, undefined, 'POST')).cookies, 'connect.sid')
  const now = await newApp(context, { migrate: { from: 'express-session', secret } })
  const first = await ask(now, theirs)
  assert.equal(first.body, JSON.stringify({ user: 'ann', cart: ['lamp'] }))
  const sid = pair(first.cookies, 'sid')
  assert.ok(first.cookies.some((line) => /^connect\.sid=;.*Max-Age=0/.test(line)))
  assert.equal((await ask(now, sid)).body, JSON.stringify({ user: 'ann', cart: ['lamp'] }))
  assert.equal((await ask(former, theirs)).body, JSON.stringify({ user: null }))
  await ask(`${now}/sign-out`, sid, 'POST')
  assert.equal((await ask(now, theirs)).body, JSON.stringify({ user: null, cart: null }))
})

test('with keep, both apps serve the user side by side, and a sign-out ends it on both', async (context) => {
  const former = await formerApp(context)
  const theirs = pair((await ask(`${former}/sign-in`, undefined, 'POST')).cookies, 'connect.sid')
  const now = await newApp(context, { migrate: { from: 'express-session', secret, keep: true } })
  const sid = pair((await ask(now, theirs)).cookies, 'sid')
  const both = `${theirs}; ${sid}`
  for (const url of [former, now, former, now]) assert.match((await ask(url, both)).body, /"user":"ann"/)
  await ask(`${now}/sign-out`, both, 'POST')
  for (const url of [former, now]) assert.match((await ask(url, theirs)).body, /"user":null/)
})

test('an outage of the store while sessions are taken over is a 503, and nobody is signed out by it', async (context) => {
  const own = await startRedis()
  context.after(() => own.stop())
  const client = await createClient({ url: redis.url }).connect()
  context.after(() => client.close())
  const former = await formerApp(context)
  const theirs = pair((await ask(`${former}/sign-in`, undefined, 'POST')).cookies, 'connect.sid')
  const migrate = { from: 'express-session', secret, store: new RedisStore({ client }) } as const
  const now = await newApp(context, { store: own.url, migrate })
  await own.stop()
  const outage = await ask(now, theirs)
  assert.deepEqual([outage.status, outage.cookies], [503, []])
  const later = await newApp(context, { migrate })
  assert.match((await ask(later, theirs)).body, /"user":"ann"/)
})

test('users of iron-session stay signed in when the app switches', async (context) => {
  const former = await serve(context, (req, res) => {
    void getIronSession<{ user: string; cart: string[] }>(req, res, { password, cookieName: 'iron' }).then(
      async (session) => {
        Object.assign(session, { user: 'ann', cart: ['mug'] })
        await session.save()
        res.end()
      },
    )
  })
  const theirs = pair((await ask(former)).cookies, 'iron')
  const principal = (data: Readonly<Record<string, unknown>>) => String(data['user'])
  const now = await newApp(context, {
    migrate: { from: 'iron-session', password, cookieName: 'iron', principal },
  })
  const first = await ask(now, theirs)
  assert.equal(first.body, JSON.stringify({ user: 'ann', cart: ['mug'] }))
  await ask(`${now}/sign-out`, pair(first.cookies, 'sid'), 'POST')
  assert.equal((await ask(now, theirs)).body, JSON.stringify({ user: null, cart: null }))
})
