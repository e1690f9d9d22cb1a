// The app that most behaviours are shown with: a cart, a theme, and signing in and out.
import type { Handler, Reply, Shop, Visit } from './adapter.ts'

export const shopApp: Handler = (visit) => {
  const [, action = '', value = ''] = visit.path.split('/')
  const route = routes[`${visit.method === 'HEAD' ? 'GET' : visit.method} ${action}`]
  return route?.(visit, value) ?? { status: 404, body: 'no such page' }
}

type Route = (visit: Visit, value: string) => Reply | Promise<Reply>

const routes: Readonly<Record<string, Route>> = {
  'GET plain': () => ({ body: 'plain' }),
  'GET me': async ({ session }) => {
    const { theme, cart } = await session.data()
    return json({ principal: await session.principal(), theme, cart })
  },
  'GET token': async ({ session }) => ({ body: await session.csrfToken() }),
  'POST login': async ({ session }, name) => {
    await session.login(name)
    return json({ ok: true })
  },
  'POST logout': async ({ session }) => {
    await session.logout()
    return json({ ok: true })
  },
  'POST cart': async ({ session }, sku) => {
    const data = await session.data()
    ;(data.cart ??= []).push({ sku, quantity: 1 })
    return json(data.cart)
  },
  'POST theme': async ({ session }, theme) => {
    ;(await session.data()).theme = theme
    return { ...json({ ok: true }), cookies: ['seen=1; Path=/'], headers: { etag: '"app"' } }
  },
}

function json(value: Partial<Shop> | object): Reply {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

export const post = { method: 'POST' } as const
