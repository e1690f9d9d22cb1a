// Idempotency keys in fetch-style handlers.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { fetchIdempotency } from '../../src/adapters/fetch.ts'
import { idempotency } from '../../src/idempotency/index.ts'
import { memoryIdempotencyStore } from '../../src/stores/memory/index.ts'
import type { Mount } from './app.ts'
import { responseOf } from './response-of.ts'
import { serve } from './serve.ts'
import { idempotencySuite } from './suite.ts'

// The listener prints each error of a handler.
mock.method(console, 'error', () => undefined)

const mount: Mount = ({ policy, app: handle, principalFromHeader = false, save }) => {
  const keyed = fetchIdempotency(policy, {
    principal: principalFromHeader ? (request) => request.headers.get('x-user') ?? undefined : 'anonymous',
    ...(save === undefined ? {} : { save }),
  })
  const handler = keyed(async (request) => responseOf(await handle({ path: new URL(request.url).pathname })))
  const listener = getRequestListener((request) => handler(request))
  return serve((req, res) => void listener(req, res))
}

idempotencySuite('fetch', mount)

test('the handler gets the very Request, its body unread', async () => {
  const policy = idempotency({ store: memoryIdempotencyStore(), environment: {} })
  const request = new Request('http://shop.test/orders', {
    method: 'POST',
    body: 'a mug',
    headers: { 'idempotency-key': 'a' },
  })
  let got: Request | undefined
  const handler = fetchIdempotency(policy, { principal: 'anonymous' })(async (
    given: Request,
    greeting: string,
  ) => {
    got = given
    return new Response(`${greeting}, ${await given.text()}`)
  })
  assert.equal(await (await handler(request, 'here')).text(), 'here, a mug')
  assert.equal(got, request)
})

test('a body that breaks while it is read is 500, and leaves the key free', async () => {
  const policy = idempotency({ store: memoryIdempotencyStore(), onError: () => undefined, environment: {} })
  let runs = 0
  const handler = fetchIdempotency(policy, { principal: 'anonymous' })(async () => {
    runs += 1
    return runs === 1 ? new Response(ReadableStream.from(broken())) : new Response('whole')
  })
  const ask = () => {
    const headers = { 'idempotency-key': 'a' }
    return handler(new Request('http://shop.test/orders', { method: 'POST', headers }))
  }
  assert.equal((await ask()).status, 500)
  assert.equal(await (await ask()).text(), 'whole')
})

async function* broken(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(10)
  throw new Error('the source is broken')
}
