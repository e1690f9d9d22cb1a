// drover/node-http through the shared suite.
import type { ServerResponse } from 'node:http'
import { sessionOf, withSessions } from '../../src/adapters/node-http.ts'
import type { NodeHttpListener, NodeHttpOptions } from '../../src/adapters/node-http.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Chunks, Mount, Reply } from './adapter.ts'
import { nodeSuite } from './node-suite.ts'
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
