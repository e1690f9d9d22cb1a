import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

function createGuestbook({ limit }) {
  let entries = [] // state:declared
  return {
    sign(name, text) {
      entries = [{ name, text }, ...entries].slice(0, limit) // state:written
    },
    latest: () => entries,
  }
}

const escape = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
const guestbook = createGuestbook({ limit: 20 }) // state:declared
const router = new Router()

router.get('/', (ctx) => {
  const entries = guestbook.latest().map(({ name, text }) => `<li><b>${escape(name)}</b> ${escape(text)}</li>`)
  ctx.type = 'html'
  ctx.body = `<h1>Guestbook</h1><ul>${entries.join('')}</ul>
    <form method="post" action="/sign"><input name="name"><input name="text"><button>Sign</button></form>`
})

router.post('/sign', (ctx) => {
  const { name, text } = ctx.request.body
  guestbook.sign(name, text)
  ctx.redirect('/')
})

new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT)
