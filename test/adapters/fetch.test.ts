// drover/fetch through the shared suite, with a bare handler from Request to Response.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'
import { fetchSessions, sessionOf } from '../../src/adapters/fetch.ts'
import type { FetchHandler, Session } from '../../src/adapters/fetch.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Mount, Served, Shop } from './adapter.ts'
import { direct, responseOf, trusting } from './fetch-mount.ts'
import { runApp } from './running-app.ts'
import { adapterSuite } from './suite.ts'

function handlerOf({ shops, handle, trustProxy }: Mount): FetchHandler<[HttpBindings]> {
  const app: FetchHandler<[HttpBindings]> = async (request) => {
    const reply = await handle({
      method: request.method,
      path: new URL(request.url).pathname,
      sessionOf: (shop) => sessionOf(request, shop),
    })
    return responseOf(request.url, reply)
  }
  const options = trustProxy ? trusting : direct
  return shops.reduceRight((inner, shop) => fetchSessions(shop, options)(inner), app)
}

const bareFetch: Adapter = {
  name: 'fetch',
  returnsResponse: true,
  serve: (mount) => {
    const handler = handlerOf(mount)
    const fetch = (request: Request, node: HttpBindings) => handler(request, node)
    return serveListener(
      getRequestListener((request, node) => fetch(request, node as HttpBindings), {
        overrideGlobalObjects: false,
        errorHandler: () => new Response('failed', { status: 500 }),
      }),
    )
  },
}

adapterSuite(bareFetch)

const ready: Served = { port: 0, close: () => Promise.resolve() }

/** A handler of the test's own, called without a server. */
async function wrapped(
  context: TestContext,
  handler: (session: Session<Shop>, request: Request) => Response | Promise<Response>,
): Promise<(request?: Request) => Promise<Response>> {
  const adapter: Adapter = { name: 'fetch', serve: () => Promise.resolve(ready) }
  const { shop } = await runApp(context, adapter, () => undefined)
  const fetch = fetchSessions(shop)((request) => handler(sessionOf(request, shop), request))
  return (request = new Request('http://localhost/')) => fetch(request)
}

test('one Response given to everybody collects nobody’s cookie', async (context) => {
  const noContent = new Response(null, { status: 204, headers: { 'x-app': 'yes' } })
  const fetch = await wrapped(context, async (session) => {
    await session.login('ann')
    return noContent
  })
  for (let visitor = 0; visitor < 3; visitor += 1) {
    const answer = await fetch()
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('x-app'), 'yes')
    assert.equal(answer.headers.getSetCookie().length, 1)
  }
  assert.deepEqual([...noContent.headers], [['x-app', 'yes']])
})

test('a Response that fetch() gave, with immutable headers, gets the cookie and keeps its body', async (context) => {
  const origin = await serveListener((_req, res) =>
    res.writeHead(203, { 'x-origin': 'yes' }).end('from afar'),
  )
  context.after(origin.close)
  const fetch = await wrapped(context, async (session) => {
    await session.login('ann')
    const response = await globalThis.fetch(`http://127.0.0.1:${origin.port}/`)
    assert.throws(() => {
      response.headers.set('x', 'y')
    }, TypeError)
    return response
  })
  const answer = await fetch()
  assert.equal(answer.status, 203)
  assert.equal(answer.headers.get('x-origin'), 'yes')
  assert.equal(answer.headers.getSetCookie().length, 1)
  assert.equal(await answer.text(), 'from afar')
})

test('on https:// the cookie is __Host- and Secure, by the URL', async (context) => {
  const fetch = await wrapped(context, async (session) => {
    await session.login('ann')
    return new Response('hello')
  })
  const answer = await fetch(new Request('https://shop.example/'))
  assert.match(answer.headers.getSetCookie()[0] ?? '', /^__Host-sid=.*; Secure$/)
})

test('an error of the app goes to whoever called the handler, with nothing saved', async (context) => {
  const bug = new Error('a bug')
  const fetch = await wrapped(context, async (session) => {
    ;(await session.data()).theme = 'dark'
    throw bug
  })
  await assert.rejects(fetch(), bug)
})

test('the head has left when the Response is returned: a later sign-in fails loudly', async (context) => {
  let late: Session<Shop> | undefined
  const fetch = await wrapped(context, (session) => {
    late = session
    return new Response('hello')
  })
  await fetch()
  await late?.login('ann')
  await assert.rejects(async () => late?.commit(), { code: 'SESSION_COOKIE_LATE' })
})

test('a framework that makes another Request gets the session passed on', async (context) => {
  const adapter: Adapter = { name: 'fetch', serve: () => Promise.resolve(ready) }
  const { shop } = await runApp(context, adapter, () => undefined)
  const framework = async (request: Request, loadContext: { session: Session<Shop> }) => {
    const copy = new Request(request)
    assert.throws(() => sessionOf(copy, shop), { code: 'SESSION_NOT_MOUNTED' })
    await loadContext.session.login('ann')
    return new Response('hello')
  }
  const fetch = fetchSessions(shop)((request) => framework(request, { session: sessionOf(request, shop) }))
  assert.equal((await fetch(new Request('http://localhost/'))).headers.getSetCookie().length, 1)
})
