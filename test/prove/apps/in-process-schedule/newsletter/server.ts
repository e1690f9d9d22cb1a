import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const store = process.env['STORE_URL']
const load = async (key: string) => ((await (await fetch(`${store}/${key}`)).json()) ?? []) as string[]
const push = (key: string, value: string) =>
  fetch(`${store}/${key}?op=push`, { method: 'POST', body: JSON.stringify(value) })

let sentOn = '' // state:declared

async function sendNewsletter(): Promise<void> {
  const today = new Date().toISOString().slice(0, 10)
  const subscribers = await load('subscribers')
  if (sentOn === today || subscribers.length === 0) return
  sentOn = today // state:written
  for (const subscriber of subscribers) await push('sent', subscriber)
}

setInterval(sendNewsletter, 100) // state:declared

const app = new Hono()

app.post('/subscribers', async (c) => {
  const { email } = await c.req.json<{ email: string }>()
  await push('subscribers', email)
  return c.json({ email }, 201)
})

app.get('/sent', async (c) => c.json({ mails: (await load('sent')).length }))

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
