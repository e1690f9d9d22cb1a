// The drop-in in real Express apps, beside the middleware that such apps have.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import compression from 'compression'
import express from 'express'
import type { Express, RequestHandler } from 'express'
import { cookieOf, listen } from './stage.ts'
import type { Served, TestRequest } from './stage.ts'
import { drover, everySetup, onClassicStore } from './setups.ts'
import type { Setup } from './setups.ts'

const load = createRequire(import.meta.url)
const express4 = load('express4') as typeof express

async function middlewareOf(context: TestContext, { session, openStore }: Setup): Promise<RequestHandler> {
  const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
  return session({ ...options, store: await openStore(context) })
}

function serve(context: TestContext, app: Express): Promise<Served> {
  return listen(context, (req, res) => void app(req as never, res))
}

/** The session as the tests use it: its type here is that of the whole repository. */
function sessionOf(req: object): TestRequest['session'] {
  return (req as TestRequest).session
}

for (const [name, create] of [
  ['Express 5', express],
  ['Express 4', express4],
] as const) {
  for (const setup of everySetup) {
    test(`${setup.name} in ${name}: send, json, redirect, sendFile and error pages keep their session`, async (context) => {
      const app = create()
        .set('env', 'test')
        .use(await middlewareOf(context, setup))
      app.use((req, _res, next) => {
        const session = sessionOf(req)
        session.count = (session.count ?? 0) + 1
        next()
      })
      app.get('/send', (_req, res) => void res.send('text'))
      app.get('/json', (_req, res) => void res.json({ a: 1 }))
      app.get('/redirect', (_req, res) => {
        res.redirect('/send')
      })
      app.get('/file', (_req, res) => {
        res.sendFile(import.meta.filename)
      })
      app.get('/error', () => {
        throw new Error('thrown')
      })
      app.get('/count', (req, res) => void res.send(String(sessionOf(req).count)))
      const { visit } = await serve(context, app)
      const cookie = cookieOf(await visit('/send'))
      for (const [path, status] of [
        ['/json', 200],
        ['/redirect', 302],
        ['/file', 200],
        ['/error', 500],
        ['/nowhere', 404],
      ] as const) {
        assert.equal((await visit(path, { cookie })).status, status, path)
      }
      assert.equal((await visit('/count', { cookie })).text, '7')
    })
  }
}

for (const order of ['before', 'after'] as const) {
  for (const setup of everySetup) {
    test(`${setup.name}: answers are compressed by compression mounted ${order} it`, async (context) => {
      const handlers = [compression({ threshold: 0 }), await middlewareOf(context, setup)]
      const app = express().use(...(order === 'before' ? handlers : handlers.toReversed()))
      app.get('/whole', (req, res) => {
        sessionOf(req).user = 'ann'
        res.type('text').send('x'.repeat(10_000))
      })
      app.get('/parts', (req, res) => {
        sessionOf(req).user = 'bob'
        res.type('text').write('x'.repeat(5_000))
        res.write('x'.repeat(3_000))
        res.end('x'.repeat(2_000))
      })
      app.get('/user', (req, res) => void res.send(sessionOf(req).user))
      const { visit } = await serve(context, app)
      for (const [path, user] of [
        ['/whole', 'ann'],
        ['/parts', 'bob'],
      ] as const) {
        const answer = await visit(path, { headers: { 'accept-encoding': 'gzip' } })
        assert.equal(answer.headers.get('content-encoding'), 'gzip')
        assert.equal(answer.text, 'x'.repeat(10_000))
        assert.equal((await visit('/user', { cookie: cookieOf(answer) })).text, user)
      }
    })
  }
}

interface Passport {
  use(name: string, strategy: object): void
  serializeUser(write: (user: string, done: (error: null, id: string) => void) => void): void
  deserializeUser(read: (id: string, done: (error: null, user: string) => void) => void): void
  session(): RequestHandler
  authenticate(name: string): RequestHandler
}

/** What Passport's strategies do at the least: it takes the word of the URL. */
const trusting = {
  name: 'trusting',
  authenticate(this: { success(user: unknown): void }, req: express.Request) {
    this.success(req.params['user'])
  },
}

for (const setup of everySetup) {
  test(`${setup.name}: Passport signs in under a new id, and out`, async (context) => {
    const { Passport } = load('passport') as { Passport: new () => Passport }
    const passport = new Passport()
    passport.use('trusting', trusting)
    passport.serializeUser((user, done) => {
      done(null, user)
    })
    passport.deserializeUser((id, done) => {
      done(null, id)
    })
    const app = express().use(await middlewareOf(context, setup), passport.session())
    const user = (req: object) => (req as { user?: string }).user
    app.get('/in/:user', passport.authenticate('trusting'), (req, res) => void res.send(user(req)))
    app.get('/me', (req, res) => void res.send(user(req) ?? 'nobody'))
    app.get('/look', (req, res) => {
      sessionOf(req).theme = 'dark'
      res.send('looked')
    })
    app.get('/out', (req, res, next) => {
      const signedIn = req as unknown as { logout(done: (error?: unknown) => void): void }
      signedIn.logout((error) => {
        if (error) next(error)
        else res.send('out')
      })
    })
    const { visit } = await serve(context, app)
    const visitor = cookieOf(await visit('/look'))
    const signedIn = cookieOf(await visit('/in/ann', { cookie: visitor }))
    assert.notEqual(signedIn, visitor)
    assert.equal((await visit('/me', { cookie: signedIn })).text, 'ann')
    assert.equal((await visit('/me', { cookie: visitor })).text, 'nobody')
    await visit('/out', { cookie: signedIn })
    assert.equal((await visit('/me', { cookie: signedIn })).text, 'nobody')
  })
}

/** What cookie-parser leaves on a request, having read the header. */
function parsed(left: {
  cookies?: Record<string, string>
  signedCookies?: Record<string, string>
}): RequestHandler {
  return (req, _res, next) => {
    delete req.headers.cookie
    Object.assign(req, left)
    next()
  }
}

for (const setup of everySetup) {
  test(`${setup.name}: a session is found by what cookie-parser left of its cookie`, async (context) => {
    const middleware = await middlewareOf(context, setup)
    const count: RequestHandler = (req, res) => {
      const session = sessionOf(req)
      session.count = (session.count ?? 0) + 1
      res.send(String(session.count))
    }
    const first = await (await serve(context, express().use(middleware, count))).visit()
    const value = decodeURIComponent(cookieOf(first).replace('connect.sid=', ''))
    const sid = value.slice(2, value.lastIndexOf('.'))
    for (const [left, text] of [
      [{ cookies: { 'connect.sid': value } }, '2'],
      [{ signedCookies: { 'connect.sid': sid } }, '3'],
      [{ cookies: { 'connect.sid': sid } }, '1'],
      [{ cookies: { 'connect.sid': `${value}x` } }, '1'],
      [{ cookies: {}, signedCookies: {} }, '1'],
    ] as const) {
      const { visit } = await serve(context, express().use(parsed(left), middleware, count))
      assert.equal((await visit()).text, text, JSON.stringify(left))
    }
  })
}

test('behind the balancer of drover up, X-Forwarded-Proto decides without any setting', async (context) => {
  process.env['DROVER_INSTANCE'] = '1'
  const store = await onClassicStore.openStore(context).catch((error: unknown) => error)
  assert.match(String(store), /Cannot keep sessions in memory/)
  delete process.env['DROVER_INSTANCE']
  const options = { secret: 'keyboard cat', resave: false, saveUninitialized: true, cookie: { secure: true } }
  const memory = await onClassicStore.openStore(context)
  process.env['DROVER_INSTANCE'] = '1'
  const middleware = drover({ ...options, store: memory })
  delete process.env['DROVER_INSTANCE']
  const { visit } = await serve(
    context,
    express().use(middleware, (_req, res) => void res.send('fine')),
  )
  assert.equal((await visit('/', { headers: { 'x-forwarded-proto': 'https' } })).cookies.length, 1)
  assert.equal((await visit('/', { headers: { 'x-forwarded-proto': 'http' } })).cookies.length, 0)
})
