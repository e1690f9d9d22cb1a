// drover/node-http through the shared suite.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { sessionOf, withSessions } from '../../src/adapters/node-http.ts'
import type { NodeHttpListener, NodeHttpOptions } from '../../src/adapters/node-http.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Chunks, Mount, Reply } from './adapter.ts'
import { nodeSuite } from './node-suite.ts'
import { ask, responseTo, runApp, textOf } from './running-app.ts'
import { adapterSuite } from './suite.ts'

const trusting: NodeHttpOptions = {
  ip: (req) => req.headers['x-forwarded-for']?.toString(),
  encrypted: (req) => req.headers['x-forwarded-proto'] === 'https',
}

function listenerOf({ shops, handle, trustProxy }: Mount): NodeHttpListener {
  const app: NodeHttpListener = async (req, res) => {
    const reply = await handle({
      method: req.method ?? '',
      path: req.url ?? '',
      sessionOf: (shop) => sessionOf(req, shop),
      res: () => res,
    })
    if (reply !== undefined) await send(res, reply)
  }
  return shops.reduceRight((inner, shop) => withSessions(shop, inner, trustProxy ? trusting : {}), app)
}

async function send(
  res: ServerResponse,
  { status = 200, headers = {}, cookies = [], body, redirect }: Reply,
) {
  if (cookies.length > 0) res.setHeader('set-cookie', cookies)
  if (redirect !== undefined) res.writeHead(302, { location: redirect }).end()
  else if (typeof body === 'object') await stream(res.writeHead(status, headers), body)
  else res.writeHead(status, headers).end(body)
}

async function stream(res: ServerResponse, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    if (res.destroyed) return
    if (!res.write(chunk)) await drained(res)
  }
  res.end()
}

/** Or the client has left. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      res.off('drain', goOn).off('close', goOn)
      resolve()
    }
    res.on('drain', goOn).on('close', goOn)
  })
}

const nodeHttp: Adapter = {
  name: 'node:http',
  serve: (mount) => serveListener(listenerOf(mount)),
}

adapterSuite(nodeHttp)
nodeSuite(nodeHttp)

test('a listener that throws is answered 500 without the head it had begun, and reported', async (context) => {
  const bug = new Error('a bug')
  const { visit, reports } = await runApp(context, nodeHttp, ({ res }) => {
    res.setHeader('content-length', '7')
    res.setHeader('etag', '"app"')
    throw bug
  })
  const answer = await visit('/')
  assert.equal(answer.status, 500)
  assert.equal(answer.text, '{"error":{"code":"INTERNAL","message":"Internal Server Error"}}\n')
  assert.equal(answer.headers.get('etag'), null)
  assert.deepEqual(reports, [bug])
})

test('a listener that throws in mid-answer cuts it, so that it is not taken for complete', async (context) => {
  const app = await runApp(context, nodeHttp, ({ res }) => {
    res.write('half')
    throw new Error('a bug')
  })
  await assert.rejects(
    responseTo(ask(app, '/')).then((response) => textOf(response)),
    { code: 'ECONNRESET' },
  )
  assert.equal(app.reports.length, 1)
})
