// The options of `session(…)`, tried on express-session and on its drop-in alike.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { attributesOf, behaviour, cookieOf, sidOf } from './stage.ts'
import type { TestRequest } from './stage.ts'
import { classicSetups, upstream } from './setups.ts'

function count(req: TestRequest, res: ServerResponse): void {
  req.session.count = (req.session.count ?? 0) + 1
  res.end(String(req.session.count))
}

function idle(_req: TestRequest, res: ServerResponse): void {
  res.end('idle')
}

/** Changes the session only where the path says so. */
function countOnDemand(req: TestRequest, res: ServerResponse): void {
  if (req.url === '/count') count(req, res)
  else res.end(String(req.session.count))
}

behaviour('an option that cannot be meant is refused by name', async ({ session }) => {
  const secret = 'keyboard cat'
  assert.throws(() => session({ secret, genid: 'bogus!' as never }), /genid.*must/)
  assert.throws(() => session({ secret, unset: 'bogus!' as never }), /unset.*must/)
  assert.throws(() => session({ secret: [] }), /secret option array/)
})

behaviour('secret: a request without one is an error', async (stage) => {
  const { visit } = await stage.serve({ secret: undefined as never }, idle)
  const answer = await visit()
  assert.equal(answer.status, 500)
  assert.match(answer.text, /secret option required/)
})

behaviour('secret: the one that cookie-parser left on the request will do', async (stage) => {
  const before = (req: TestRequest) => {
    req.secret = 'keyboard cat'
  }
  const { visit } = await stage.serve({ secret: undefined as never, before }, count)
  assert.equal((await visit('/', { cookie: cookieOf(await visit()) })).text, '2')
})

behaviour('secret: the first of several signs, all are accepted', async (stage) => {
  const store = await stage.openStore()
  const former = await stage.serve({ secret: 'nyan cat', store }, count)
  const rotated = await stage.serve({ secret: ['keyboard cat', 'nyan cat'], store }, count)
  const old = cookieOf(await former.visit())
  const second = await rotated.visit('/', { cookie: old })
  assert.equal(second.text, '2')
  assert.equal((await former.visit('/', { cookie: old })).text, '3')
  const fresh = cookieOf(await rotated.visit())
  assert.equal((await rotated.visit('/', { cookie: fresh })).text, '2')
  assert.equal((await former.visit('/', { cookie: fresh })).text, '1')
})

behaviour('secret: bytes sign as well as text', async (stage) => {
  const { visit } = await stage.serve({ secret: Buffer.from('00ff10a7', 'hex') }, count)
  assert.equal((await visit('/', { cookie: cookieOf(await visit()) })).text, '2')
})

behaviour('genid: makes the ids, which are signed and encoded in the cookie', async (stage) => {
  const { visit } = await stage.serve({ genid: ({ url }) => `${url}%` }, idle)
  assert.equal(
    cookieOf(await visit('/apple')),
    'connect.sid=s%3A%2Fapple%25.2pGg%2F5EEJ9iNJAjaKLz9bW4WDU7gtkvnvhJpC%2FpPi4k',
  )
})

behaviour('genid: an id given twice stands for the later session', async (stage) => {
  const { visit } = await stage.serve({ genid: () => 'pear' }, count)
  await visit('/', { cookie: cookieOf(await visit()) })
  assert.equal((await visit()).text, '1')
  assert.equal((await visit('/', { cookie: cookieOf(await visit()) })).text, '2')
})

behaviour('genid: by default an id has 32 letters and is never the same', async (stage) => {
  const { visit } = await stage.serve({}, idle)
  const ids = [sidOf(await visit()), sidOf(await visit())]
  for (const id of ids) assert.match(id, /^[\w-]{32}$/)
  assert.notEqual(ids[0], ids[1])
})

for (const option of ['name', 'key'] as const) {
  behaviour(`${option}: names the cookie`, async (stage) => {
    const { visit } = await stage.serve({ [option]: 'shop' }, count)
    assert.equal((await visit('/', { cookie: cookieOf(await visit(), 'shop') })).text, '2')
  })
}

behaviour('cookie: ends with the browser and is kept from scripts by default', async (stage) => {
  const { visit } = await stage.serve({}, count)
  const first = await visit()
  assert.deepEqual(attributesOf(first), ['Path=/', 'HttpOnly'])
  // It says nothing new, so it is sent once.
  assert.deepEqual((await visit('/', { cookie: cookieOf(first) })).cookies, [])
})

behaviour('cookie: every attribute reaches the browser', async (stage) => {
  const expires = new Date(Date.now() + 60_000)
  const cookie = {
    path: '/admin',
    domain: 'example.com',
    expires,
    httpOnly: true,
    secure: true,
    partitioned: true,
    priority: 'high',
    sameSite: 'none',
  } as const
  const { visit } = await stage.serve({ cookie, proxy: true }, idle)
  const [domain, path, end, ...others] = attributesOf(
    await visit('/admin/x', { headers: { 'x-forwarded-proto': 'https' } }),
  )
  assert.deepEqual([domain, path], ['Domain=example.com', 'Path=/admin'])
  assert.ok(Math.abs(Date.parse(end?.replace('Expires=', '') ?? '') - expires.getTime()) < 2_000, end)
  assert.deepEqual(others, ['HttpOnly', 'Secure', 'Partitioned', 'Priority=High', 'SameSite=None'])
})

for (const [sameSite, wanted] of [
  [true, 'SameSite=Strict'],
  ['lax', 'SameSite=Lax'],
  ['strict', 'SameSite=Strict'],
  [false, undefined],
] as const) {
  behaviour(`cookie: sameSite ${sameSite} is ${wanted ?? 'no attribute'}`, async (stage) => {
    const { visit } = await stage.serve({ cookie: { sameSite } }, idle)
    assert.equal(
      attributesOf(await visit()).find((word) => word.startsWith('SameSite')),
      wanted,
    )
  })
}

behaviour('cookie: a function decides for each request', async (stage) => {
  const cookie = ({ url }: { url: string }) => ({ path: url, sameSite: 'strict' as const })
  const { visit } = await stage.serve({ cookie }, idle)
  assert.deepEqual(attributesOf(await visit('/admin')), ['Path=/admin', 'HttpOnly', 'SameSite=Strict'])
})

behaviour('cookie.path: requests for other paths have no session', async (stage) => {
  const { visit } = await stage.serve({ cookie: { path: '/foo/bar' } }, (req, res) => {
    res.end(typeof req.session)
  })
  for (const path of ['/', '/foo', '/foo?/foo/bar']) {
    const answer = await visit(path)
    assert.deepEqual([answer.text, answer.cookies], ['undefined', []], path)
  }
  for (const path of ['/foo/bar', '/foo/bar/baz?x']) assert.equal((await visit(path)).text, 'object', path)
})

behaviour('cookie.path: below a mount point, the path that the client asked for counts', async (stage) => {
  const before = (req: TestRequest) => {
    req.originalUrl = req.url ?? ''
    req.url = req.url?.replace('/foo', '') ?? ''
  }
  const { visit } = await stage.serve({ cookie: { path: '/foo/bar' }, before }, idle)
  assert.equal((await visit('/foo/bar')).cookies.length, 1)
  assert.equal((await visit('/foo/foo/bar')).cookies.length, 0)
})

behaviour('an empty URL is a request for /', async (stage) => {
  const before = (req: TestRequest) => {
    req.url = ''
  }
  const { visit } = await stage.serve({ before }, idle)
  assert.equal((await visit()).cookies.length, 1)
})

behaviour('cookie.maxAge: the cookie ends so much later than the answer is dated', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 5_000 } }, count)
  const first = await visit()
  const second = await visit('/', { cookie: cookieOf(first) })
  for (const answer of [first, second]) {
    const end = Date.parse(/Expires=([^;]+)/.exec(answer.cookies[0] ?? '')?.[1] ?? '')
    const ageMs = end - Date.parse(answer.headers.get('date') ?? '')
    // express-session reads the clock twice, and may see two seconds.
    if (stage.session === upstream) assert.ok(Math.abs(ageMs - 5_000) <= 1_000)
    else assert.equal(ageMs, 5_000)
  }
})

behaviour('cookie: one that cannot be written is an error after the answer', async (stage) => {
  const served = await stage.serve({ cookie: { expires: new Date(Number.NaN) } }, idle)
  const answer = await served.visit()
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.cookies, [])
  await new Promise((resolve) => setImmediate(resolve))
  assert.match(String(served.lateErrors), /option expires is invalid/)
})

const https = { headers: { 'x-forwarded-proto': 'https' } }

function believe(req: TestRequest): void {
  req.secure = req.headers['x-secure'] === 'true'
}

behaviour('proxy true: X-Forwarded-Proto is believed, of several the first', async (stage) => {
  const { visit } = await stage.serve({ proxy: true, cookie: { secure: true } }, idle)
  assert.equal((await visit('/', https)).cookies.length, 1)
  assert.equal((await visit('/', { headers: { 'x-forwarded-proto': 'HTTPS , http' } })).cookies.length, 1)
  assert.equal((await visit('/', { headers: { 'x-forwarded-proto': 'http, https' } })).cookies.length, 0)
  assert.equal((await visit()).cookies.length, 0)
})

behaviour('proxy false: nobody is believed', async (stage) => {
  const { visit } = await stage.serve({ proxy: false, cookie: { secure: true }, before: believe }, idle)
  assert.equal((await visit('/', https)).cookies.length, 0)
  assert.equal((await visit('/', { headers: { 'x-secure': 'true' } })).cookies.length, 0)
})

behaviour('proxy undefined: Express is believed', async (stage) => {
  const { visit } = await stage.serve({ cookie: { secure: true }, before: believe }, idle)
  assert.equal((await visit('/', https)).cookies.length, 0)
  assert.equal((await visit('/', { headers: { 'x-secure': 'true' } })).cookies.length, 1)
})

behaviour("cookie.secure and sameSite 'auto' follow the connection", async (stage) => {
  const { visit } = await stage.serve({ proxy: true, cookie: { secure: 'auto', sameSite: 'auto' } }, idle)
  assert.deepEqual(attributesOf(await visit('/', https)), ['Path=/', 'HttpOnly', 'Secure', 'SameSite=None'])
  assert.deepEqual(attributesOf(await visit()), ['Path=/', 'HttpOnly', 'SameSite=Lax'])
})

behaviour('rolling false: the cookie comes with a change only', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 60_000 } }, countOnDemand)
  const cookie = cookieOf(await visit('/count'))
  assert.equal((await visit('/', { cookie })).cookies.length, 0)
  assert.equal((await visit('/count', { cookie })).cookies.length, 1)
})

behaviour('rolling true: the cookie comes with each answer of a session that is stored', async (stage) => {
  const options = { rolling: true, saveUninitialized: false, cookie: { maxAge: 60_000 } }
  const { visit } = await stage.serve(options, countOnDemand)
  assert.equal((await visit('/')).cookies.length, 0)
  const cookie = cookieOf(await visit('/count'))
  assert.equal(cookieOf(await visit('/', { cookie })), cookie)
})

behaviour('saveUninitialized: decides whether an untouched session gets a cookie', async (stage) => {
  const eager = await stage.serve({ saveUninitialized: true }, idle)
  assert.equal((await eager.visit()).cookies.length, 1)
  const lazy = await stage.serve({ saveUninitialized: false }, countOnDemand)
  assert.equal((await lazy.visit()).cookies.length, 0)
  const cookie = cookieOf(await lazy.visit('/count'))
  assert.equal((await lazy.visit('/', { cookie })).text, '1')
})

/** A store that counts what the middleware asks of it. */
function counted(session: (typeof classicSetups)[number]['session']): {
  store: InstanceType<typeof session.MemoryStore>
  calls: string[]
} {
  const store = new session.MemoryStore()
  const calls: string[] = []
  for (const method of ['set', 'touch', 'destroy'] as const) {
    const original: (...args: never[]) => void = store[method].bind(store)
    Object.assign(store, {
      [method]: (...args: never[]) => {
        calls.push(method)
        original(...args)
      },
    })
  }
  return { store, calls }
}

for (const [options, wanted] of [
  [{}, ['set', 'set', 'set']],
  [{ resave: false }, ['set', 'touch', 'set']],
  [{ resave: false, saveUninitialized: false }, ['set', 'touch', 'set']],
] as const) {
  behaviour(
    `resave ${JSON.stringify(options)}: a change, a look and another change are ${wanted.join(', ')}`,
    async (stage) => {
      const { store, calls } = counted(stage.session)
      const { visit } = await stage.serve({ store, resave: true, ...options }, countOnDemand)
      const cookie = cookieOf(await visit('/count'))
      await visit('/', { cookie })
      await visit('/count', { cookie })
      assert.deepEqual(calls, wanted)
    },
    classicSetups,
  )
}

behaviour(
  'saveUninitialized false: an untouched session is neither stored nor touched',
  async (stage) => {
    const { store, calls } = counted(stage.session)
    const { visit } = await stage.serve({ store, saveUninitialized: false }, idle)
    await visit()
    assert.deepEqual(calls, [])
  },
  classicSetups,
)

behaviour('resave false: a field that is called cookie, deeper down, counts as a change', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    const user = (req.session['profile'] ??= { cookie: 0 }) as { cookie: number }
    user.cookie += 1
    res.end(String(user.cookie))
  })
  const cookie = cookieOf(await visit())
  await visit('/', { cookie })
  assert.equal((await visit('/', { cookie })).text, '3')
})

function dropOnDemand(req: TestRequest, res: ServerResponse): void {
  if (req.url !== '/drop') return countOnDemand(req, res)
  req.session = null as never
  res.end('dropped')
}

behaviour('unset keep: req.session = null leaves what is stored', async (stage) => {
  const { visit } = await stage.serve({}, dropOnDemand)
  const cookie = cookieOf(await visit('/count'))
  const answer = await visit('/drop', { cookie })
  assert.deepEqual([answer.text, answer.cookies], ['dropped', []])
  assert.equal((await visit('/', { cookie })).text, '1')
})

behaviour('unset destroy: req.session = null ends the session', async (stage) => {
  const { visit } = await stage.serve({ unset: 'destroy' }, dropOnDemand)
  const cookie = cookieOf(await visit('/count'))
  assert.deepEqual((await visit('/drop', { cookie })).cookies, [])
  assert.equal((await visit('/', { cookie })).text, 'undefined')
  assert.deepEqual((await visit('/drop')).cookies, [])
})
