// The drop-in over a store of Drover's: what the classic API writes, slides, ends and never brings back.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SessionOptions } from '../../../src/adapters/express-session/index.ts'
import { keyOf } from '../../../src/session/id.ts'
import { sqliteSessionStore } from '../../../src/stores/sqlite/index.ts'
import { WatchedStore } from '../watched-store.ts'
import { cookieOf, sidOf, Stage } from './stage.ts'
import type { Handler, Served } from './stage.ts'
import { drover } from './setups.ts'

interface Shop extends Served {
  readonly store: WatchedStore
  readonly reports: unknown[]
  /** Resolves when the slides that no answer waited for have happened. */
  readonly touched: () => Promise<unknown>
}

const minuteMs = 60_000

async function openShop(
  context: TestContext,
  handler: Handler,
  options: Partial<SessionOptions> = {},
): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-native-'))
  const store = new WatchedStore(sqliteSessionStore(join(folder, 'sessions.db')))
  context.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const touch = store.touch.bind(store)
  let touching: Promise<unknown> = Promise.resolve()
  store.touch = (key, idleDeadlineMs) => {
    const touched = touch(key, idleDeadlineMs)
    touching = Promise.allSettled([touching, touched])
    return touched
  }
  const reports: unknown[] = []
  const setup = { name: '', session: drover, openStore: async () => store }
  const onError = (error: unknown) => reports.push(error)
  const served = await new Stage(context, setup).serve(
    { onError, saveUninitialized: false, ...options },
    handler,
  )
  return { ...served, store, reports, touched: () => touching }
}

/** `/set/FIELD/VALUE`, `/delete/FIELD`, `/life/MS`, `/out`; answers what the session has, without its cookie. */
const shopHandler: Handler = (req, res) => {
  const [, verb, field = '', value] = (req.url ?? '').split('/')
  const { session } = req
  if (verb === 'set') session[field] = value
  if (verb === 'delete') delete session[field]
  if (verb === 'life') session.cookie.maxAge = Number(field)
  if (verb === 'browser') session.cookie.expires = null
  if (verb === 'out') session.destroy(() => res.end('out'))
  else res.end(JSON.stringify(Object.assign({}, session, { cookie: undefined })))
}

function at(context: TestContext, nowMs = Date.now()): (byMs: number) => void {
  context.mock.timers.enable({ apis: ['Date'], now: nowMs })
  return (byMs) => {
    context.mock.timers.setTime(Date.now() + byMs)
  }
}

test('a session is one record under the hash of its id, one field per property', async (context) => {
  const { visit, store } = await openShop(context, shopHandler, { cookie: { maxAge: minuteMs } })
  const answer = await visit('/set/user/ann')
  const record = await store.load(keyOf(sidOf(answer)))
  assert.deepEqual(Object.fromEntries(record?.fields ?? []), {
    cookie: '{"originalMaxAge":60000,"httpOnly":true,"path":"/"}',
    user: '"ann"',
  })
  assert.equal(await store.load(sidOf(answer)), undefined)
})

test('a look asks the store once and writes nothing; an untouched visitor costs no call', async (context) => {
  const { visit, store } = await openShop(context, shopHandler, { cookie: { maxAge: minuteMs } })
  await visit()
  assert.deepEqual(store.calls, [])
  const cookie = cookieOf(await visit('/set/user/ann'))
  store.calls.length = 0
  await visit('/', { cookie })
  assert.deepEqual(store.calls, ['load'])
})

test('resave true writes nothing either where nothing changed', async (context) => {
  const { visit, store } = await openShop(context, shopHandler, { resave: true })
  const cookie = cookieOf(await visit('/set/user/ann'))
  store.calls.length = 0
  await visit('/', { cookie })
  assert.deepEqual(store.calls, ['load'])
})

test('a change writes its field alone', async (context) => {
  const { visit, store } = await openShop(context, shopHandler)
  const cookie = cookieOf(await visit('/set/user/ann'))
  const saved: unknown[] = []
  const save = store.save.bind(store)
  store.save = (key, change) => {
    saved.push([[...change.set], [...change.remove]])
    return save(key, change)
  }
  await visit('/set/theme/dark', { cookie })
  await visit('/delete/user', { cookie })
  assert.deepEqual(saved, [
    [[['theme', '"dark"']], []],
    [[], ['user']],
  ])
  assert.equal((await visit('/', { cookie })).text, '{"theme":"dark"}')
})

test('concurrent requests that change different fields both survive', async (context) => {
  const { visit, store } = await openShop(context, shopHandler)
  const cookie = cookieOf(await visit('/set/user/ann'))
  const held = store.holdNext('save')
  const slow = visit('/set/cart/mug', { cookie })
  await held.reached
  assert.equal((await visit('/set/theme/dark', { cookie })).status, 200)
  held.release()
  assert.equal((await slow).status, 200)
  assert.deepEqual(JSON.parse((await visit('/', { cookie })).text), {
    user: 'ann',
    theme: 'dark',
    cart: 'mug',
  })
})

for (const resave of [false, true]) {
  test(`a slower request does not bring back a session that was destroyed, and is 409 (resave ${resave})`, async (context) => {
    const { visit, store, reports } = await openShop(context, shopHandler, { resave })
    const cookie = cookieOf(await visit('/set/user/ann'))
    const held = store.holdNext('save')
    const slow = visit('/set/theme/dark', { cookie })
    await held.reached
    assert.equal((await visit('/out', { cookie })).text, 'out')
    held.release()
    const answer = await slow
    assert.equal(answer.status, 409)
    assert.equal(answer.text, '{"error":{"code":"SESSION_GONE","message":"Conflict"}}\n')
    // Not even cleared: by now the browser may hold the cookie of a newer sign-in.
    assert.deepEqual(answer.cookies, [])
    assert.equal((await visit('/', { cookie })).text, '{}')
    assert.equal(reports.length, 1)
  })

  test(`a slow reader of a destroyed session is answered, and brings nothing back (resave ${resave})`, async (context) => {
    const released = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const { visit } = await openShop(
      context,
      (req, res) => {
        if (req.url !== '/slow') return shopHandler(req, res)
        reached.resolve()
        void released.promise.then(() => res.end(String(req.session.user)))
      },
      { resave },
    )
    const cookie = cookieOf(await visit('/set/user/ann'))
    const slow = visit('/slow', { cookie })
    await reached.promise
    await visit('/out', { cookie })
    released.resolve()
    assert.equal((await slow).text, 'ann')
    assert.equal((await visit('/', { cookie })).text, '{}')
  })
}

test("saveErrors 'ignore': the slower request is answered, and still brings nothing back", async (context) => {
  const { visit, store, lateErrors } = await openShop(context, shopHandler, { saveErrors: 'ignore' })
  const cookie = cookieOf(await visit('/set/user/ann'))
  const held = store.holdNext('save')
  const slow = visit('/set/theme/dark', { cookie })
  await held.reached
  await visit('/out', { cookie })
  held.release()
  assert.equal((await slow).status, 200)
  assert.equal((await visit('/', { cookie })).text, '{}')
  assert.deepEqual(
    lateErrors.map((error) => Reflect.get(error, 'code')),
    ['SESSION_GONE'],
  )
})

test('a load that fails is 503 with the cookie kept, a save that fails is 503 without one', async (context) => {
  const { visit, store } = await openShop(context, shopHandler)
  store.failing.add('create')
  const refused = await visit('/set/user/ann')
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.deepEqual(refused.cookies, [])
  store.failing.clear()
  const cookie = cookieOf(await visit('/set/user/ann'))
  store.failing.add('load')
  const answer = await visit('/', { cookie })
  assert.deepEqual([answer.status, answer.cookies], [503, []])
  store.failing.clear()
  assert.equal((await visit('/', { cookie })).text, '{"user":"ann"}')
})

test('use slides the deadline once a tenth of the time has passed, and nobody waits for it', async (context) => {
  const pass = at(context)
  const options = { cookie: { maxAge: 10 * minuteMs } }
  const { visit, store, reports, touched } = await openShop(context, shopHandler, options)
  const cookie = cookieOf(await visit('/set/user/ann'))
  for (let minutes = 0; minutes < 40; minutes += 8) {
    await touched()
    pass(8 * minuteMs)
    assert.equal((await visit('/', { cookie })).text, '{"user":"ann"}', `after ${minutes + 8} minutes`)
  }
  assert.deepEqual(
    store.calls.filter((method) => method !== 'load'),
    ['create', 'touch', 'touch', 'touch', 'touch', 'touch'],
  )
  pass(minuteMs)
  store.failing.add('touch')
  const held = store.holdNext('touch')
  assert.equal((await visit('/', { cookie })).status, 200)
  held.release()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(reports.length, 1)
  pass(9.5 * minuteMs)
  assert.equal((await visit('/', { cookie })).text, '{}')
})

test('the end that the cookie names is the end of the session', async (context) => {
  const pass = at(context)
  const { visit } = await openShop(
    context,
    (req, res) => {
      req.session.user = 'ann'
      res.end(`${req.session.cookie.originalMaxAge} ${req.session.cookie.maxAge}`)
    },
    { cookie: { maxAge: 10 * minuteMs } },
  )
  const cookie = cookieOf(await visit())
  pass(4 * minuteMs)
  assert.equal((await visit('/', { cookie })).text, '600000 360000')
})

test('a session whose cookie ends with the browser ends when unused for `idle`', async (context) => {
  const pass = at(context)
  const { visit, touched } = await openShop(context, shopHandler, { idle: '1h' })
  const cookie = cookieOf(await visit('/set/user/ann'))
  for (let turn = 0; turn < 3; turn += 1) {
    await touched()
    pass(50 * minuteMs)
    assert.equal((await visit('/', { cookie })).text, '{"user":"ann"}')
  }
  pass(61 * minuteMs)
  assert.equal((await visit('/', { cookie })).text, '{}')
})

test('a session ends at `absolute` however busy it is', async (context) => {
  const pass = at(context)
  const { visit } = await openShop(context, shopHandler, { idle: '1h', absolute: '2h' })
  const cookie = cookieOf(await visit('/set/user/ann'))
  for (let turn = 0; turn < 3; turn += 1) {
    pass(39 * minuteMs)
    assert.equal((await visit('/set/user/ann', { cookie })).text, '{"user":"ann"}')
  }
  pass(5 * minuteMs)
  assert.equal((await visit('/', { cookie })).text, '{}')
})

for (const [what, path] of [
  ['a shorter life', '/life/300000'],
  ['a life until the browser closes', '/browser'],
] as const) {
  test(`${what} for one visitor holds at once, slides with use, and ends the session`, async (context) => {
    const pass = at(context)
    const options: Partial<SessionOptions> = { cookie: { maxAge: 100 * minuteMs }, idle: '5m' }
    const { visit, store } = await openShop(context, shopHandler, options)
    const cookie = cookieOf(await visit('/set/user/ann'))
    await visit(path, { cookie })
    for (let turn = 0; turn < 3; turn += 1) {
      pass(4 * minuteMs)
      assert.equal((await visit('/', { cookie })).text, '{"user":"ann"}')
    }
    // Used twice within a tenth of its life, it is written once.
    store.calls.length = 0
    pass(0.2 * minuteMs)
    await visit('/', { cookie })
    assert.deepEqual(store.calls, ['load'])
    pass(5.1 * minuteMs)
    assert.equal((await visit('/', { cookie })).text, '{}')
  })
}

test('a shorter life that was made longer again lasts', async (context) => {
  const pass = at(context)
  const { visit } = await openShop(context, shopHandler, { cookie: { maxAge: 100 * minuteMs } })
  const cookie = cookieOf(await visit('/set/user/ann'))
  await visit('/life/300000', { cookie })
  await visit(`/life/${200 * minuteMs}`, { cookie })
  pass(190 * minuteMs)
  assert.equal((await visit('/', { cookie })).text, '{"user":"ann"}')
})

test('fields named like parts of objects are fields like any other', async (context) => {
  const { visit } = await openShop(context, (req, res) => {
    if (req.url === '/') res.end(JSON.stringify(Object.keys(req.session).toSorted()))
    else {
      Object.assign(req.session, { constructor2: 1, '': 2, ünï: 3 })
      res.end()
    }
  })
  const cookie = cookieOf(await visit('/set'))
  assert.deepEqual(
    JSON.parse((await visit('/', { cookie })).text),
    ['', 'constructor2', 'cookie', 'ünï'].toSorted(),
  )
})

test('data of more than a megabyte is refused by size', async (context) => {
  const { visit, reports } = await openShop(context, (req, res) => {
    req.session['big'] = 'x'.repeat(1_100_000)
    res.end('fine')
  })
  const answer = await visit()
  assert.equal(answer.status, 500)
  assert.match(answer.text, /SESSION_TOO_LARGE/)
  assert.match(String(reports[0]), /the largest field is "big"/)
})

test('a stored field that is not JSON is 503: damage is not a logout', async (context) => {
  const { visit, store } = await openShop(context, shopHandler)
  const answer = await visit('/set/user/ann')
  const record = await store.load(keyOf(sidOf(answer)))
  const idleDeadlineMs = record?.idleDeadlineMs ?? 0
  await store.save(keyOf(sidOf(answer)), { set: new Map([['user', '{']]), remove: new Set(), idleDeadlineMs })
  const damaged = await visit('/', { cookie: cookieOf(answer) })
  assert.deepEqual([damaged.status, damaged.cookies], [503, []])
})

test('plain data that an app stores under an id is stored, and read back without a cookie of its own', async (context) => {
  const { visit } = await openShop(context, (req, res) => {
    if (req.url !== '/plant') return shopHandler(req, res)
    const { sessionID, sessionStore } = req
    sessionStore.set(sessionID, { user: 'ann' } as never, (error) => {
      sessionStore.set(sessionID, { user: 'bob', theme: 'dark' } as never, (again) => {
        req.session.count = 1
        res.end(JSON.stringify([error ?? null, again ?? null]))
      })
    })
  })
  const answer = await visit('/plant')
  assert.equal(answer.text, '[null,null]')
  // What the request itself had is what the classic API leaves there in the end.
  assert.equal((await visit('/', { cookie: cookieOf(answer) })).text, '{"count":1}')
})
