// Idempotency keys in Hono.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { honoIdempotency } from '../../src/adapters/hono.ts'
import { idempotency } from '../../src/idempotency/index.ts'
import { memoryIdempotencyStore } from '../../src/stores/memory/index.ts'
import type { Mount } from './app.ts'
import { responseOf } from './response-of.ts'
import { serve } from './serve.ts'
import { idempotencySuite } from './suite.ts'

// Hono's own error handler prints each error.
mock.method(console, 'error', () => undefined)

const mount: Mount = ({ policy, app: handle, principalFromHeader = false, save }) => {
  const app = new Hono()
  app.use(
    honoIdempotency(policy, {
      principal: principalFromHeader ? (c) => c.req.header('x-user') : 'anonymous',
      ...(save === undefined ? {} : { save }),
    }),
  )
  app.all('*', async (c) => responseOf(await handle({ path: c.req.path })))
  const listener = getRequestListener((request) => app.fetch(request))
  return serve((req, res) => void listener(req, res))
}

idempotencySuite('Hono', mount)

test('a body that an earlier middleware has read is compared, and is there for the handler', async () => {
  const policy = idempotency({ store: memoryIdempotencyStore(), environment: {} })
  const app = new Hono()
  app.use(async (c, next) => {
    await c.req.json()
    await next()
  })
  app.post('/orders', honoIdempotency(policy, { principal: 'anonymous' }), async (c) => {
    const { item }: { item: string } = await c.req.json()
    return c.text(item, 201)
  })
  const ask = (item: string) => {
    const headers = { 'idempotency-key': 'a', 'content-type': 'application/json' }
    return app.request('/orders', { method: 'POST', body: JSON.stringify({ item }), headers })
  }
  assert.equal(await (await ask('mug')).text(), 'mug')
  const again = await ask('mug')
  assert.equal(again.status, 201)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal((await ask('lamp')).status, 422)
})
