// Random tokens in forms and nonces in headers; the cookie alone proves the form (double submit).
import { randomBytes } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

const app = new Hono()

app.get('/feedback', (c) => {
  const token = randomBytes(16).toString('base64url')
  const nonce = randomBytes(8).toString('base64')
  setCookie(c, 'csrf', token, { httpOnly: true, sameSite: 'Strict' })
  c.header('content-security-policy', `script-src 'nonce-${nonce}'`)
  return c.html(`<script nonce="${nonce}">let sent = false</script>
<form method="post"><input type="hidden" name="csrf" value="${token}"><textarea name="text"></textarea></form>`)
})

app.post('/feedback', async (c) => {
  const { csrf, text } = await c.req.parseBody()
  if (csrf !== getCookie(c, 'csrf')) return c.text('Please load the form again', 403)
  return c.html(`<p>Ticket ${randomBytes(4).toString('hex')}: ${String(text).length} letters</p>`, 201)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
