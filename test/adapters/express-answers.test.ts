// Every way an Express app answers, with a session to save first: the answer is the same as without one.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, test } from 'node:test'
import compression from 'compression'
import express from 'express'
import type { Express, RequestHandler } from 'express'
import { runApp } from './express-app.ts'

const folder = await mkdtemp(join(tmpdir(), 'drover-answers-'))
const bigFile = join(folder, 'big.txt')
const bigText = 'drover '.repeat(500_000)
await writeFile(bigFile, bigText)
after(() => rm(folder, { recursive: true }))

const touchSession: RequestHandler = async (req, _res, next) => {
  await req.session.login('ann')
  next()
}

function answers(app: Express): void {
  app.use(touchSession)
  app.get('/json', (_req, res) => {
    res.json({ ok: true })
  })
  app.get('/pipe', (_req, res) => {
    createReadStream(bigFile).pipe(res.type('text'))
  })
  app.get('/pipeline', async (_req, res) => {
    await pipeline(createReadStream(bigFile), res)
  })
  app.get('/file', (_req, res) => {
    res.sendFile(bigFile)
  })
  app.use('/static', express.static(folder))
  app.get('/redirect', (_req, res) => {
    res.redirect('/json')
  })
  app.get('/large', (_req, res) => {
    res.send(bigText)
  })
  app.get('/empty', (_req, res) => {
    res.status(204).end()
  })
  app.get('/not-modified', (_req, res) => {
    res.set('etag', '"x"').status(304).end()
  })
  app.get('/raw', (_req, res) => {
    res.setHeader('set-cookie', 'first=1')
    res.writeHead(201, 'Made', ['Set-Cookie', 'theme=dark', 'Set-Cookie', 'lang=en', 'X-Raw', 'yes'])
    res.end('raw')
  })
  app.get('/object', (_req, res) => {
    res.setHeader('cache-control', 'private')
    res.writeHead(202, { 'Set-Cookie': 'theme=dark', 'X-Object': 'yes' })
    res.write('ob')
    res.end('ject')
  })
}

test('every kind of answer carries the cookie and its whole body', async (context) => {
  const { visit } = await runApp(context, answers)
  const cases: readonly [path: string, status: number, body: string][] = [
    ['/json', 200, '{"ok":true}'],
    ['/pipe', 200, bigText],
    ['/pipeline', 200, bigText],
    ['/file', 200, bigText],
    ['/static/big.txt', 200, bigText],
    ['/redirect', 302, 'Found. Redirecting to /json'],
    ['/large', 200, bigText],
    ['/empty', 204, ''],
    ['/not-modified', 304, ''],
    ['/raw', 201, 'raw'],
    ['/object', 202, 'object'],
    ['/missing', 404, ''],
  ]
  for (const [path, status, body] of cases) {
    const answer = await visit(path)
    assert.equal(answer.status, status, path)
    if (path !== '/missing') assert.ok(answer.text === body, `${path}: ${answer.text.length} characters`)
    assert.match(answer.cookies.at(-1) ?? '', /^sid=/, path)
  }
})

test('the same answers without anything to save have the same heads, but for the cookie', async (context) => {
  const held = await runApp(context, answers)
  const free = await runApp(context, (app) => {
    app.use((req, _res, next) => {
      req.session.login = () => Promise.resolve()
      next()
    })
    answers(app)
  })
  for (const path of ['/json', '/pipe', '/file', '/redirect', '/large', '/empty', '/raw', '/object']) {
    for (const method of ['GET', 'HEAD']) {
      const [one, other] = [await held.visit(path, { method }), await free.visit(path, { method })]
      const plain = ({ headers }: { headers: Headers }) =>
        [...headers].filter(([name]) => !['set-cookie', 'date', 'cache-control'].includes(name))
      assert.deepEqual(plain(one), plain(other), `${method} ${path}`)
      assert.equal(one.text, other.text)
      assert.deepEqual(one.cookies.slice(0, -1), other.cookies, `${method} ${path}`)
    }
  }
})

test('cookies given to writeHead stay, and a Cache-Control of the app is kept', async (context) => {
  const { visit } = await runApp(context, answers)
  const raw = await visit('/raw')
  assert.deepEqual(raw.cookies.slice(0, -1), ['theme=dark', 'lang=en'])
  assert.equal(raw.headers.get('x-raw'), 'yes')
  const object = await visit('/object')
  assert.deepEqual(object.cookies.slice(0, -1), ['theme=dark'])
  assert.equal(object.headers.get('cache-control'), 'private')
})

test('compression works on either side of sessions', async (context) => {
  const outside = await runApp(context, answers, { before: (app) => app.use(compression()) })
  const inside = await runApp(context, (app) => {
    app.use(compression())
    answers(app)
  })
  for (const { visit } of [outside, inside]) {
    for (const path of ['/large', '/pipe', '/file']) {
      const answer = await visit(path)
      assert.equal(answer.headers.get('content-encoding'), 'gzip', path)
      assert.ok(answer.text === bigText, path)
      assert.match(answer.cookies[0] ?? '', /^sid=/, path)
    }
  }
})

test('compression on either side does not hurt the error answer', async (context) => {
  const outside = await runApp(context, answers, { before: (app) => app.use(compression()) })
  const inside = await runApp(context, (app) => {
    app.use(compression())
    answers(app)
  })
  for (const { visit, store } of [outside, inside]) {
    store.failing.add('create')
    for (const path of ['/large', '/pipe', '/json', '/redirect', '/file']) {
      const answer = await visit(path)
      assert.equal(answer.status, 503, path)
      assert.equal(answer.headers.get('content-encoding'), null)
      assert.equal(answer.text, '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n')
    }
  }
})

test('an event stream commits with its first bytes, then streams, and saves later changes on request', async (context) => {
  const app = await runApp(context, (routes, shop) => {
    routes.get('/events', async (req, res) => {
      await req.session.login('ann')
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.flushHeaders()
      const session = shop.of(req)
      const data = await session?.data()
      if (data !== undefined) data.theme = 'dark'
      await session?.commit()
      res.write('data: one\n\n')
      req.once('close', () => res.end())
    })
    routes.get('/theme', async (req, res) => {
      res.json((await shop.of(req)?.data())?.theme)
    })
  })
  const controller = new AbortController()
  const response = await fetch(`${app.url}/events`, { signal: controller.signal })
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0]
  const reader = response.body?.getReader()
  const first = await reader?.read()
  assert.equal(Buffer.from(first?.value ?? []).toString(), 'data: one\n\n')
  assert.deepEqual(app.store.calls.slice(0, 2), ['create', 'save'])
  assert.equal((await app.visit('/theme', { cookie })).text, '"dark"')
  controller.abort()
})

test('an interim 103 answer leaves at once, before the commit', async (context) => {
  const { url, store } = await runApp(context, (app) => {
    app.get('/', async (req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' })
      await req.session.login('ann')
      res.send('done')
    })
  })
  const held = store.holdNext('create')
  const req = request(url).end()
  const [hints] = await once(req, 'information')
  assert.equal(hints.statusCode, 103)
  await held.reached
  held.release()
  const [res] = await once(req, 'response')
  assert.equal(res.statusCode, 200)
  assert.match(String(res.headers['set-cookie']), /^sid=/)
  res.resume()
  await once(res, 'end')
})
