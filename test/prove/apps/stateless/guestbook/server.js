import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'

function createGuestbook({ limit }) {
  const at = `${process.env.STORE_URL}/entries`
  return {
    sign: (name, text) => fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify({ name, text }) }),
    latest: async () => ((await (await fetch(at)).json()) ?? []).toReversed().slice(0, limit),
  }
}

const escape = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
const guestbook = createGuestbook({ limit: 20 })
const router = new Router()

router.get('/', async (ctx) => {
  const latest = await guestbook.latest()
  const entries = latest.map(({ name, text }) => `<li><b>${escape(name)}</b> ${escape(text)}</li>`)
  ctx.type = 'html'
  ctx.body = `<h1>Guestbook</h1><ul>${entries.join('')}</ul>
    <form method="post" action="/sign"><input name="name"><input name="text"><button>Sign</button></form>`
})

router.post('/sign', async (ctx) => {
  const { name, text } = ctx.request.body
  await guestbook.sign(name, text)
  ctx.redirect('/')
})

new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT)
