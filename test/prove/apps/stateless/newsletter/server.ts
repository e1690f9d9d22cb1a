import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const store = process.env['STORE_URL']
const load = async (key: string) => ((await (await fetch(`${store}/${key}`)).json()) ?? []) as string[]
const post = async (key: string, op: string, value: string) =>
  (await fetch(`${store}/${key}?op=${op}`, { method: 'POST', body: JSON.stringify(value) })).json()

async function sendNewsletter(): Promise<void> {
  const today = new Date().toISOString().slice(0, 10)
  const subscribers = await load('subscribers')
  // Only one server gets to add the day, and sends.
  if (subscribers.length === 0 || (await post(`day-${today}`, 'add', 'sent')) !== true) return
  for (const subscriber of subscribers) await post('sent', 'push', subscriber)
}

setInterval(sendNewsletter, 100)

const app = new Hono()

app.post('/subscribers', async (c) => {
  const { email } = await c.req.json<{ email: string }>()
  await post('subscribers', 'push', email)
  return c.json({ email }, 201)
})

app.get('/sent', async (c) => c.json({ mails: (await load('sent')).length }))

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
