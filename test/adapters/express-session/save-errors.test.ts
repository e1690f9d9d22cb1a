// A session that cannot be stored: an error answer by default, and what express-session does with saveErrors 'ignore'.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import type { SessionOptions, Store } from '../../../src/adapters/express-session/index.ts'
import { DroverError } from '../../../src/base/errors.ts'
import { attributesOf, cookieOf, listen, Stage } from './stage.ts'
import type { Answer, Handler, Served } from './stage.ts'
import { drover, onClassicStore, onExpressSession, upstream } from './setups.ts'
import type { Setup } from './setups.ts'

/** A store that fails where a test says so. */
interface Failing {
  readonly store: Store
  readonly failures: Map<'set' | 'destroy', Error>
}

function failingStore({ MemoryStore }: typeof drover): Failing {
  const failures = new Map<'set' | 'destroy', Error>()
  const store = new MemoryStore()
  const { set, destroy } = { set: store.set.bind(store), destroy: store.destroy.bind(store) }
  store.set = (sid, session, callback) => {
    const failure = failures.get('set')
    if (failure === undefined) set(sid, session, callback)
    else callback?.(failure)
  }
  store.destroy = (sid, callback) => {
    const failure = failures.get('destroy')
    if (failure === undefined) destroy(sid, callback)
    else callback?.(failure)
  }
  return { store, failures }
}

const outage = new Error('boom!')

interface Shop extends Served, Failing {
  readonly reports: unknown[]
}

async function openShop(
  context: TestContext,
  setup: Setup,
  handler: Handler,
  options: Partial<SessionOptions> = {},
): Promise<Shop> {
  const { store, failures } = failingStore(setup.session)
  const reports: unknown[] = []
  const onError = (error: unknown) => reports.push(error)
  const served = await new Stage(context, setup).serve({ store, onError, ...options }, handler)
  return { ...served, store, failures, reports }
}

const shopHandler: Handler = (req, res) => {
  const { session } = req
  if (req.url === '/in') {
    session.user = 'ann'
    res.setHeader('etag', 'x')
    res.end('welcome')
  } else if (req.url === '/save') {
    session.user = 'bob'
    // As most apps do, it looks at no error.
    session.save(() => res.writeHead(302, { location: '/' }).end())
  } else if (req.url === '/save-and-forget') {
    session.user = 'carol'
    session.save()
    res.end('welcome')
  } else if (req.url === '/out') session.destroy(() => res.end('bye'))
  else if (req.url === '/renew') session.regenerate(() => res.end('renewed'))
  else if (req.url === '/unset') {
    req.session = null as never
    res.end('bye')
  } else if (req.url === '/page') {
    session.user = 'dora'
    session.save((error) => res.writeHead(error ? 500 : 200).end(error ? 'our own page' : 'welcome'))
  } else if (req.url === '/stream') {
    res.write('first')
    setImmediate(() => {
      session.user = 'eve'
      res.end('last')
    })
  } else res.end(String(session.user))
}

function isRefused(answer: Answer, status = 503, code = 'STORE_UNAVAILABLE'): void {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.text, new RegExp(`"code":"${code}"`))
  assert.deepEqual(answer.cookies, [])
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('etag'), null)
  if (status === 503) assert.equal(answer.headers.get('retry-after'), '1')
}

for (const path of ['/in', '/save', '/save-and-forget']) {
  test(`${path}: a session that cannot be stored is 503 without a cookie; with express-session the answer is good`, async (context) => {
    const shop = await openShop(context, onClassicStore, shopHandler)
    shop.failures.set('set', outage)
    isRefused(await shop.visit(path))
    assert.equal(shop.reports.length, 1)
    assert.ok(shop.reports[0] instanceof DroverError)
    assert.equal(shop.reports[0].cause, outage)
    shop.failures.clear()
    assert.ok((await shop.visit(path)).status < 400)

    const former = await openShop(context, onExpressSession, shopHandler)
    former.failures.set('set', outage)
    const answer = await former.visit(path)
    assert.ok(answer.status < 400)
    assert.equal(answer.cookies.length, 1)
  })
}

for (const path of ['/out', '/renew', '/unset']) {
  test(`${path}: a session that cannot be ended is 503; with express-session the user believes it is`, async (context) => {
    const options = { unset: 'destroy' } as const
    const shop = await openShop(context, onClassicStore, shopHandler, options)
    const cookie = cookieOf(await shop.visit('/in'))
    shop.failures.set('destroy', outage)
    isRefused(await shop.visit(path, { cookie }))
    assert.equal((await shop.visit('/', { cookie })).text, 'ann')
    shop.failures.clear()
    assert.equal((await shop.visit(path, { cookie })).status, 200)
    assert.equal((await shop.visit('/', { cookie })).text, 'undefined')

    const former = await openShop(context, onExpressSession, shopHandler, options)
    const theirs = cookieOf(await former.visit('/in'))
    former.failures.set('destroy', outage)
    assert.equal((await former.visit(path, { cookie: theirs })).status, 200)
    assert.equal((await former.visit('/', { cookie: theirs })).text, 'ann')
  })
}

test('an error page of the app stays, without the cookie', async (context) => {
  const shop = await openShop(context, onClassicStore, shopHandler)
  shop.failures.set('set', outage)
  const answer = await shop.visit('/page')
  assert.deepEqual([answer.status, answer.text, answer.cookies], [500, 'our own page', []])
  assert.equal(shop.reports.length, 1)
})

test('a save that fails and then succeeds is a save', async (context) => {
  const shop = await openShop(context, onClassicStore, (req, res) => {
    req.session.user = 'ann'
    req.session.save((error) => {
      shop.failures.clear()
      res.end(error?.message)
    })
  })
  shop.failures.set('set', outage)
  const answer = await shop.visit()
  assert.deepEqual([answer.status, answer.text, answer.cookies.length], [200, 'boom!', 1])
})

test('a change that cannot be stored after the first byte cuts the answer', async (context) => {
  const shop = await openShop(context, onClassicStore, shopHandler)
  const cookie = cookieOf(await shop.visit('/in'))
  shop.failures.set('set', outage)
  await assert.rejects(shop.visit('/stream', { cookie }), /terminated|fetch failed/)
  assert.equal(shop.reports.length, 1)
})

for (const [name, value] of [
  [
    'a circle',
    () =>
      Object.assign(
        {},
        {
          get self() {
            return this
          },
        },
      ),
  ],
  ['a bigint', () => 1n],
] as const) {
  test(`data that JSON cannot write, such as ${name}, is 500: the store is well`, async (context) => {
    const shop = await openShop(context, onClassicStore, (req, res) => {
      req.session['bad'] = value()
      res.end('fine')
    })
    isRefused(await shop.visit(), 500, 'INTERNAL')
    assert.ok(shop.reports[0] instanceof TypeError)
  })
}

test("saveErrors 'ignore': the answers of express-session, and its error to the next error handler", async (context) => {
  for (const [path, text] of [
    ['/in', 'welcome'],
    ['/save-and-forget', 'welcome'],
    ['/unset', 'bye'],
    ['/out', 'bye'],
    ['/stream', 'firstlast'],
  ] as const) {
    const seen = []
    for (const [setup, saveErrors] of [
      [onExpressSession, undefined],
      [onClassicStore, 'ignore'],
    ] as const) {
      const shop = await openShop(context, setup, shopHandler, { saveErrors, unset: 'destroy' })
      const cookie = cookieOf(await shop.visit('/in'))
      for (const method of ['set', 'destroy'] as const) shop.failures.set(method, outage)
      const {
        status,
        text: got,
        cookies,
      } = await shop.visit(path, { cookie: path === '/in' ? undefined : cookie })
      await new Promise((resolve) => setImmediate(resolve))
      seen.push({ status, got, cookies: cookies.length, late: shop.lateErrors, reports: shop.reports })
      assert.equal(got, text)
    }
    assert.deepEqual(seen[1], seen[0], path)
  }
})

test("saveErrors 'ignore': Express's error handler gets the error as the store gave it", async (context) => {
  for (const session of [upstream, drover]) {
    const { store, failures } = failingStore(session)
    failures.set('set', outage)
    const errors: unknown[] = []
    const options = {
      secret: 'keyboard cat',
      resave: false,
      saveUninitialized: true,
      saveErrors: 'ignore',
    } as const
    const app = express().use(session({ ...options, store }))
    app.get('/', (_req, res) => {
      res.send('fine')
    })
    app.use(((error, _req, _res, _next) => {
      errors.push(error)
    }) satisfies express.ErrorRequestHandler)
    const { visit } = await listen(context, (req, res) => void app(req as never, res))
    assert.equal((await visit()).text, 'fine')
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(errors, [outage])
  }
})

test('an unknown word for saveErrors is refused by name', () => {
  assert.throws(() => drover({ secret: 'x', saveErrors: 'never' as never }), {
    code: 'OPTION_INVALID',
    message: 'Cannot use saveErrors "never": wanted "fail" or "ignore"',
  })
})

test('an answer with a session cookie is kept out of shared caches', async (context) => {
  const { visit } = await new Stage(context, onClassicStore).serve({}, (_req, res) => {
    res.setHeader('cache-control', 'public, max-age=60').end('page')
  })
  const first = await visit()
  assert.deepEqual(attributesOf(first), ['Path=/', 'HttpOnly'])
  assert.match(first.headers.get('cache-control') ?? '', /private/)
  assert.doesNotMatch(first.headers.get('cache-control') ?? '', /public/)
  const second = await visit('/', { cookie: cookieOf(first) })
  assert.equal(second.headers.get('cache-control'), 'public, max-age=60')
})

for (const [method, path, wanted] of [
  ['get', '/', [503, '1', 'Cannot load session: the store did not answer within 50 ms']],
  ['set', '/in', [503, '1', undefined]],
  ['destroy', '/unset', [503, '1', undefined]],
  ['touch', '/', [200, null, 'ann']],
] as const) {
  test(`${method} that is never answered: ${wanted[0]} after storeTimeout`, async (context) => {
    const options = { storeTimeout: '50ms', unset: 'destroy' } as const
    const shop = await openShop(context, onClassicStore, shopHandler, options)
    const cookie = cookieOf(await shop.visit('/in'))
    Object.assign(shop.store, { [method]: () => undefined })
    const answer = await shop.visit(path, method === 'set' ? {} : { cookie })
    const [status, retryAfter, text] = wanted
    assert.deepEqual(
      [answer.status, answer.headers.get('retry-after'), answer.cookies],
      [status, retryAfter, []],
    )
    if (text !== undefined) assert.equal(answer.text, text)
  })
}
