// Koa with signed cookies: all of the session is with the visitor.
import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

const app = new Koa()
const router = new Router()
app.keys = [process.env.COOKIE_KEY || 'only for development']

app.use(bodyParser())
app.use(async (ctx, next) => {
  const kept = ctx.cookies.get('session', { signed: true })
  if (kept) ctx.state.session = JSON.parse(Buffer.from(kept, 'base64url'))
  await next()
})

router.post('/session', (ctx) => {
  const session = { name: ctx.request.body.name, since: Date.now() }
  ctx.cookies.set('session', Buffer.from(JSON.stringify(session)).toString('base64url'), { signed: true })
  ctx.status = 201
  ctx.body = { name: session.name }
})

router.get('/session', (ctx) => {
  if (!ctx.state.session) ctx.throw(401, 'No session')
  ctx.body = { name: ctx.state.session.name }
})

router.delete('/session', (ctx) => {
  ctx.cookies.set('session', null, { signed: true })
  ctx.status = 204
})

app.use(router.routes())
app.listen(process.env.PORT || 3000)
