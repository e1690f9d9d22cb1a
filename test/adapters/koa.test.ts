// drover/koa through the shared suite.
import { Readable } from 'node:stream'
import Koa from 'koa'
import type { Context } from 'koa'
import { koaSessions, sessionOf } from '../../src/adapters/koa.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Reply } from './adapter.ts'
import { nodeSuite } from './node-suite.ts'
import { adapterSuite } from './suite.ts'

function answer(ctx: Context, { status = 200, headers = {}, cookies = [], body, redirect }: Reply): void {
  ctx.set({ ...headers })
  for (const cookie of cookies) ctx.append('set-cookie', cookie)
  ctx.status = status
  if (redirect !== undefined) ctx.redirect(redirect)
  else if (body !== undefined) ctx.body = typeof body === 'object' ? Readable.from(body) : body
}

const koa: Adapter = {
  name: 'Koa',
  serve: ({ shops, handle, trustProxy }) => {
    const app = new Koa({ proxy: trustProxy })
    app.silent = true
    for (const shop of shops) app.use(koaSessions(shop))
    app.use(async (ctx) => {
      const reply = await handle({
        method: ctx.method,
        path: ctx.path,
        sessionOf: (shop) => sessionOf(ctx, shop),
        res: () => {
          ctx.respond = false
          return ctx.res
        },
      })
      if (reply !== undefined) answer(ctx, reply)
    })
    return serveListener(app.callback())
  },
}

adapterSuite(koa)
nodeSuite(koa)
