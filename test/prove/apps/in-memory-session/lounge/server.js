// Koa with hand-made sessions: an id in a cookie, the rest in a Map.
import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

const sessions = new Map() // state:declared

const app = new Koa()
const router = new Router()

app.use(bodyParser())
app.use(async (ctx, next) => {
  ctx.state.session = sessions.get(ctx.cookies.get('sid'))
  await next()
})

router.post('/session', (ctx) => {
  const sid = randomUUID()
  sessions.set(sid, { name: ctx.request.body.name, since: Date.now() }) // state:written
  ctx.cookies.set('sid', sid, { httpOnly: true })
  ctx.status = 201
  ctx.body = { name: ctx.request.body.name }
})

router.get('/session', (ctx) => {
  if (!ctx.state.session) ctx.throw(401, 'No session')
  ctx.body = { name: ctx.state.session.name }
})

router.delete('/session', (ctx) => {
  sessions.delete(ctx.cookies.get('sid')) // state:written
  ctx.cookies.set('sid', null)
  ctx.status = 204
})

app.use(router.routes())
app.listen(process.env.PORT || 3000)
