// The style sheet and the icon.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Router } from 'express'

const style = readFileSync(new URL('shop.css', import.meta.url), 'utf8')
const icon = readFileSync(new URL('art/icon.svg', import.meta.url), 'utf8')

const version = createHash('sha256').update(style).digest('hex').slice(0, 10)

/** Its address changes with its content, so that browsers may keep it. */
export const styleAddress: string = `/shop.css?v=${version}`

export function assets(): Router {
  const router = Router()
  router.get('/shop.css', (request, response) => {
    // While a deploy rolls, a page of the other version may ask here: it gets a style, but does not keep it.
    const keep = request.query['v'] === version ? 'public, max-age=31536000, immutable' : 'no-store'
    response.type('css').set('cache-control', keep).send(style)
  })
  router.get('/favicon.ico', (_request, response) => {
    response.type('svg').set('cache-control', 'public, max-age=86400').send(icon)
  })
  return router
}
