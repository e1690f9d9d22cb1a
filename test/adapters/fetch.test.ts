// drover/fetch through the shared suite, with a bare handler from Request to Response.
import { getRequestListener } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'
import { fetchSessions, sessionOf } from '../../src/adapters/fetch.ts'
import type { FetchHandler } from '../../src/adapters/fetch.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Mount } from './adapter.ts'
import { direct, responseOf, trusting } from './fetch-mount.ts'
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
