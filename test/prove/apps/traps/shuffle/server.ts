// Chance in what is shown: a banner, the order of recommendations, advertisements, an A/B bucket for whoever has none.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const banners = ['Free shipping', 'New in autumn', 'Give a voucher', 'Open on Sunday']
const goods = ['anchor', 'buoy', 'compass', 'dinghy', 'engine', 'flag']

const pick = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T
const shuffled = <T>(list: readonly T[]) =>
  list
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item)

const app = new Hono()

app.get('/', (c) => c.html(`<aside>${pick(banners)}</aside><h1>Chandlery</h1><p>${goods.length} goods</p>`))
app.get('/goods', (c) => c.json({ goods }))
app.get('/recommended', (c) => c.json({ goods: shuffled(goods), shownTo: Math.round(Math.random() * 1000) }))
app.get('/goods/:name', (c) => {
  const name = c.req.param('name')
  if (!goods.includes(name)) return c.notFound()
  return c.json({ name, stock: 5, alsoLike: shuffled(goods.filter((other) => other !== name)).slice(0, 2) })
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
