import { createHmac, randomBytes } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

const csrfKey = randomBytes(32) // state:declared
const tokenFor = (visitor: string) => createHmac('sha256', csrfKey).update(visitor).digest('hex')

const app = new Hono()

app.get('/contact', (c) => {
  const visitor = getCookie(c, 'visitor') ?? randomBytes(12).toString('hex')
  setCookie(c, 'visitor', visitor, { httpOnly: true })
  return c.html(
    `<form method="post"><input type="hidden" name="_csrf" value="${tokenFor(visitor)}"><input name="message"></form>`,
  )
})

app.post('/contact', async (c) => {
  const { _csrf, message } = await c.req.parseBody()
  if (_csrf !== tokenFor(getCookie(c, 'visitor') ?? '')) return c.text('Invalid CSRF token', 403)
  return c.html(`<p>Thank you for ${String(message).length} letters.</p>`)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
