// drover/fetch through the shared suite, around an h3 app.
import { getRequestListener } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'
import { H3 } from 'h3'
import { fetchSessions, sessionOf } from '../../src/adapters/fetch.ts'
import type { FetchHandler } from '../../src/adapters/fetch.ts'
import { serveListener } from './adapter.ts'
import type { Adapter } from './adapter.ts'
import { direct, responseOf, trusting } from './fetch-mount.ts'
import { adapterSuite } from './suite.ts'

const h3: Adapter = {
  name: 'h3',
  returnsResponse: true,
  serve: ({ shops, handle, trustProxy }) => {
    const app = new H3({ silent: true })
    app.all('/**', async (event) => {
      const reply = await handle({
        method: event.req.method,
        path: event.url.pathname,
        sessionOf: (shop) => sessionOf(event.req, shop),
      })
      return responseOf(event.req.url, reply)
    })
    const options = trustProxy ? trusting : direct
    const whole: FetchHandler<[HttpBindings]> = (request) => app.fetch(request)
    const handler = shops.reduceRight((inner, shop) => fetchSessions(shop, options)(inner), whole)
    return serveListener(
      getRequestListener((request, node) => handler(request, node as HttpBindings), {
        overrideGlobalObjects: false,
      }),
    )
  },
}

adapterSuite(h3)
