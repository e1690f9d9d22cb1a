import { hostname } from 'node:os'
import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

const host = process.env.HOSTNAME ?? hostname()
// The first one of a numbered set of servers may write, as with Kubernetes' StatefulSets.
const isPrimary = Number(/(\d+)$/.exec(host)?.[1] ?? 1) <= 1 // state:declared
const at = `${process.env.STORE_URL}/announcement`
const router = new Router()

router.get('/announcement', async (ctx) => {
  ctx.body = { text: await (await fetch(at)).json() }
})

router.put('/announcement', async (ctx) => {
  if (!isPrimary) ctx.throw(503, 'This server is read-only')
  await fetch(at, { method: 'PUT', body: JSON.stringify(ctx.request.body.text) })
  ctx.status = 204
})

const app = new Koa()
app.silent = true
app.use(bodyParser()).use(router.routes()).listen(process.env.PORT)
