// Headers that differ each time: request ids, timings, dates, traces.
import { randomBytes } from 'node:crypto'
import Koa from 'koa'
import Router from '@koa/router'

const app = new Koa()
const router = new Router()
let served = 0

app.use(async (ctx, next) => {
  const startedAt = performance.now()
  const trace = randomBytes(16).toString('hex')
  await next()
  const tookMs = performance.now() - startedAt
  served++
  ctx.set('x-request-id', ctx.get('x-request-id') || trace)
  ctx.set('traceparent', `00-${trace}-${randomBytes(8).toString('hex')}-01`)
  ctx.set('x-response-time', `${tookMs.toFixed(2)}ms`)
  ctx.set('server-timing', `app;dur=${tookMs.toFixed(2)}`)
  ctx.set('expires', new Date(Date.now() + 60_000).toUTCString())
})

router.get('/', (ctx) => (ctx.body = { hello: 'world' }))
router.get('/teapot', (ctx) => ctx.throw(418))
// A health page counts, and nobody's answer depends on it.
router.get('/metrics', (ctx) => (ctx.body = `served_total ${served}\nuptime_seconds ${process.uptime()}\n`))

app.silent = true
app.use(router.routes()).listen(process.env.PORT)
