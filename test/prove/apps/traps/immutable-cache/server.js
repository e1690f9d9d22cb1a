// A cache of contents by their hash: what is under a hash never changes, so the cache cannot be wrong.
import { createHash } from 'node:crypto'
import Koa from 'koa'
import Router from '@koa/router'
import bodyParser from 'koa-bodyparser'
import NodeCache from 'node-cache'

const cache = new NodeCache({ stdTTL: 60, maxKeys: 1000 })
const statistics = { hits: 0, misses: 0 }
const at = (hash) => `${process.env.STORE_URL}/blob-${hash}`
const router = new Router()

router.post('/blobs', async (ctx) => {
  const { content } = ctx.request.body
  const hash = createHash('sha256').update(content).digest('hex')
  await fetch(at(hash), { method: 'PUT', body: JSON.stringify(content) })
  cache.set(hash, content)
  ctx.status = 201
  ctx.body = { hash }
})

router.get('/blobs/:hash', async (ctx) => {
  const { hash } = ctx.params
  let content = cache.get(hash)
  if (content === undefined) {
    statistics.misses++
    content = await (await fetch(at(hash))).json()
    if (content === null) ctx.throw(404)
    cache.set(hash, content)
  } else statistics.hits++
  ctx.body = content
})

new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT)
