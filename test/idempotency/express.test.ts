// Idempotency keys in Express 5 and 4, alone and among other middleware.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Readable, pipeline } from 'node:stream'
import { test } from 'node:test'
import compression from 'compression'
import express from 'express'
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express'
import { expressIdempotency, expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { idempotency } from '../../src/idempotency/index.ts'
import { sessions } from '../../src/index.ts'
import { memoryIdempotencyStore, memorySessionStore } from '../../src/stores/memory/index.ts'
import type { AppAnswer, Mount } from './app.ts'
import { serve } from './serve.ts'
import { codeOf, newKey, postTo, stage } from './stage.ts'
import { idempotencySuite } from './suite.ts'

interface Express4 {
  (): Express
  json: () => RequestHandler
}

// Required, since it comes without declarations of its own; what is used of it is as in Express 5.
const express4: Express4 = createRequire(import.meta.url)('express4')

function send(res: Response, { status, headers = {}, body }: AppAnswer): void {
  res.status(status).set({ ...headers })
  // A client that leaves is told to the source, which is all that is wanted here.
  if (typeof body === 'object') pipeline(Readable.from(body), res, () => undefined)
  else res.send(body)
}

function mountOn(
  create: () => Express,
  json: () => RequestHandler,
  ...before: readonly RequestHandler[]
): Mount {
  return ({ policy, app: handle, principalFromHeader = false, save }) => {
    const app = create().set('env', 'test')
    for (const middleware of before) app.use(middleware)
    app.use(json())
    app.use(
      expressIdempotency(policy, {
        principal: principalFromHeader ? (req) => req.get('x-user') : 'anonymous',
        ...(save === undefined ? {} : { save }),
      }),
    )
    const answer = async (req: Request, res: Response, next: NextFunction) => {
      try {
        send(res, await handle({ path: req.path }))
      } catch (error) {
        next(error)
      }
    }
    app.use((req, res, next) => void answer(req, res, next))
    return serve((req, res) => void app(req, res))
  }
}

const express5 = mountOn(express, express.json)

idempotencySuite('Express 5', express5)
idempotencySuite('Express 4', mountOn(express4, express4.json))

// It would hold events back until somebody flushes them.
const compressed = compression({
  threshold: 0,
  filter: (_req, res) => !String(res.getHeader('content-type')).startsWith('text/event-stream'),
})
idempotencySuite('Express 5 behind compression', mountOn(express, express.json, compressed))

test('a body whose fields come in another order is the same body', async (t) => {
  const { post } = await stage(t, express5, async () => ({ status: 200, body: 'done' }))
  const key = newKey()
  await post('/orders', { key, body: '{"item":"mug","of":{"a":1,"b":[1,2]}}' })
  assert.equal(
    (await post('/orders', { key, body: '{ "of": {"b":[1,2],"a":1}, "item":"mug" }' })).status,
    200,
  )
  assert.equal((await post('/orders', { key, body: '{"item":"mug","of":{"a":1,"b":[2,1]}}' })).status, 422)
})

test('without a body parser before it, a request with a body is refused, and one without a body runs', async (t) => {
  const app = express()
  const policy = idempotency({ store: memoryIdempotencyStore(), onError: () => undefined, environment: {} })
  app.use(expressIdempotency(policy, { principal: 'anonymous' }))
  app.post('/orders', (_req, res) => void res.send('done'))
  const { url, close } = await serve((req, res) => void app(req, res))
  t.after(close)
  const refused = await postTo(`${url}/orders`, { key: newKey() })
  assert.equal(refused.status, 500)
  assert.equal(codeOf(refused), 'IDEMPOTENCY_BODY_UNREAD')
  assert.equal((await postTo(`${url}/orders`, { key: newKey(), body: '' })).status, 200)
})

test('with sessions: the principal is the signed-in user, the change is saved with the answer, its cookie is not given again', async (t) => {
  const shop = sessions<{ count: number }>({ store: memorySessionStore({ environment: {} }) })
  const keys = idempotency({ store: memoryIdempotencyStore(), environment: {} })
  const app = express()
  app.use(expressSessions(shop))
  app.post('/sign-in', async (req, res) => {
    await req.session.login('ann')
    res.send('welcome')
  })
  const route = expressIdempotency(keys, {
    principal: (req) => req.session.principal(),
    save: (req) => req.session.commit(),
  })
  app.post('/count', express.json(), route, async (req, res) => {
    const data = await sessionOf(req, shop).data()
    data.count = (data.count ?? 0) + 1
    res.send(String(data.count))
  })
  const { url, close } = await serve((req, res) => void app(req, res))
  t.after(close)
  const key = newKey()
  assert.equal((await postTo(`${url}/count`, { key })).status, 401)
  const signedIn = await postTo(`${url}/sign-in`, { body: '' })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  for (const [given, wanted] of [
    [key, '1'],
    [key, '1'],
    [newKey(), '2'],
  ] as const) {
    assert.equal((await postTo(`${url}/count`, { key: given, headers: { cookie } })).text, wanted)
  }
})
