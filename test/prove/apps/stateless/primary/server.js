import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

const isReadOnly = process.env.READ_ONLY === 'yes'
const at = `${process.env.STORE_URL}/announcement`
const router = new Router()

router.get('/announcement', async (ctx) => {
  ctx.body = { text: await (await fetch(at)).json() }
})

router.put('/announcement', async (ctx) => {
  if (isReadOnly) ctx.throw(503, 'This server is read-only')
  await fetch(at, { method: 'PUT', body: JSON.stringify(ctx.request.body.text) })
  ctx.status = 204
})

new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT)
