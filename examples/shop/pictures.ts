// Pictures that visitors bring: one of themselves, and of products. They rest where every server sees them.
import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { Router, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { expressUploads, uploadsOf } from 'drover/express'
import { files, type Files } from 'drover/files'
import { countPieces, cartOf } from './cart.ts'
import { productOf } from './input.ts'
import type { Pictures } from './pictured.ts'
import { Refusal } from './refusal.ts'
import { profilePage } from './views/profile.ts'

/** Two megabytes are plenty for what is shown as small as here. */
const limits = { maxBytes: 2_000_000, accept: ['image/png', 'image/jpeg', 'image/webp'] } as const

export function openPictures(): Pictures {
  const store = files(process.env['FILES'] ?? 'file:.drover/shop-files', limits)
  return {
    routes: pictureRoutes(store),
    has: async (name) => (await store.stat(name)) !== undefined,
    close: () => store.close(),
  }
}

function pictureRoutes(store: Files): Router {
  const router = Router()
  const received = expressUploads(store, { key: () => `incoming/${randomUUID()}` })

  router.get('/profile', signedIn, async (request, response) => {
    const user = await userOf(request)
    const pieces = countPieces(cartOf(await request.session.data()))
    response
      .type('html')
      .send(profilePage({ user, pieces }, (await store.stat(`profiles/${user}`)) !== undefined).text)
  })
  router.get('/profile/picture', signedIn, async (request, response) => {
    await show(store, `profiles/${await userOf(request)}`, request, response)
  })
  router.post('/profile/picture', signedIn, received, async (request, response) => {
    await keep(store, request, `profiles/${await userOf(request)}`)
    response.redirect(303, '/profile')
  })
  router.get('/products/:sku/picture', async (request, response) => {
    await show(store, `products/${productOf(request.params.sku).sku}`, request, response)
  })
  router.post('/products/:sku/picture', signedIn, received, async (request, response) => {
    const { sku } = productOf(String(request.params['sku']))
    await keep(store, request, `products/${sku}`)
    response.redirect(303, `/products/${sku}`)
  })
  return router
}

/** Before a byte of a picture is read. */
const signedIn: RequestHandler = async (request: Request, response: Response, next: NextFunction) => {
  if ((await request.session.principal()) === undefined) response.redirect(303, '/sign-in')
  else next()
}

async function userOf({ session }: Request): Promise<string> {
  return (await session.principal()) ?? ''
}

/** What came whole takes the place of the former picture in one step. */
async function keep(store: Files, request: Request, name: string): Promise<void> {
  const [picture] = uploadsOf(request).files
  if (picture === undefined) throw new Refusal('invalid_input', 'The form holds no picture')
  await store.copy(picture.key, name)
  await store.delete(picture.key)
}

async function show(store: Files, name: string, request: Request, response: Response): Promise<void> {
  const found = await store.get(name)
  if (found === undefined) throw new Refusal('not_found', 'There is no picture')
  const { contentType, size, sha256 = '' } = found.file
  response.set({
    'content-type': contentType,
    'content-length': String(size),
    'cache-control': 'private, no-cache',
  })
  if (sha256 !== '') response.set('etag', `"${sha256}"`)
  if (request.fresh) {
    found.body.destroy()
    response.status(304).end()
  } else await pipeline(found.body, response)
}
