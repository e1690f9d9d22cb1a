// The shop as pages and forms. Every form answers with a redirect, so that a reload repeats nothing.
import { Router, type Request, type RequestHandler, type Response } from 'express'
import { authenticate } from './accounts.ts'
import { addToCart, cartOf, countPieces, setQuantity } from './cart.ts'
import { checkOut } from './checkout.ts'
import type { Database } from './database.ts'
import type { Html } from './html.ts'
import { productOf, readCartForm, readCredentials } from './input.ts'
import { listOrders } from './orders.ts'
import type { Pictures } from './pictured.ts'
import { Refusal } from './refusal.ts'
import { saveOnce } from './request-key.ts'
import { cartPage } from './views/cart.ts'
import { cataloguePage, productPage } from './views/catalogue.ts'
import type { Visitor } from './views/layout.ts'
import { ordersPage } from './views/orders.ts'
import { signInPage } from './views/sign-in.ts'

/** `keyed` stands before what must not happen twice. */
export function pages(database: Database, keyed: RequestHandler, pictures?: Pictures): Router {
  return Router().use(shelves(pictures), cart(database, keyed), account(database))
}

function shelves(pictures?: Pictures): Router {
  const router = Router()

  router.get('/', async (request, response) => {
    show(response, cataloguePage(await visitorOf(request)))
  })

  router.get('/products/:sku', async (request, response) => {
    const product = productOf(request.params.sku)
    const isPictured = pictures && (await pictures.has(`products/${product.sku}`))
    const added = request.query['added'] === 'yes'
    show(response, productPage(await visitorOf(request), product, { added, isPictured }))
  })

  return router
}

function cart(database: Database, keyed: RequestHandler): Router {
  const router = Router()

  router.get('/cart', async (request, response) => {
    show(response, cartPage(await visitorOf(request), cartOf(await request.session.data())))
  })

  router.post('/cart', keyed, async (request, response) => {
    const { product, quantity } = readCartForm(request.body)
    if (quantity > 0) {
      addToCart(await request.session.data(), product, quantity)
      await saveOnce(request)
    }
    response.redirect(303, `/products/${product.sku}?added=yes`)
  })

  router.post('/cart/quantity', keyed, async (request, response) => {
    const { product, quantity } = readCartForm(request.body)
    setQuantity(await request.session.data(), product, quantity)
    await saveOnce(request)
    response.redirect(303, '/cart')
  })

  router.post('/checkout', keyed, async (request, response) => {
    const user = await request.session.principal()
    response.redirect(
      303,
      user === undefined ? '/sign-in?next=/cart' : await orderPage(database, user, request),
    )
  })

  return router
}

/** Checks out, and says where to look. A second click finds the cart empty, because the first one ordered it. */
async function orderPage(database: Database, user: string, request: Request): Promise<string> {
  try {
    const { id } = await checkOut(database, user, request)
    return `/orders?placed=${id}`
  } catch (error) {
    if (error instanceof Refusal && error.code === 'empty_cart') return '/orders'
    throw error
  }
}

function account(database: Database): Router {
  const router = Router()

  router.get('/sign-in', async (request, response) => {
    show(response, signInPage(await visitorOf(request), { next: pathAfter(request.query['next']) }))
  })

  router.post('/sign-in', async (request, response) => {
    const { user, password } = readCredentials(request.body)
    const next = pathAfter(request.body.next)
    const found = await authenticate(database, user, password)
    if (found === undefined) {
      show(response.status(401), signInPage(await visitorOf(request), { next, refused: user }))
      return
    }
    await request.session.login(found)
    response.redirect(303, next)
  })

  router.post('/sign-out', async (request, response) => {
    await request.session.logout()
    response.redirect(303, '/')
  })

  router.get('/orders', async (request, response) => {
    const user = await request.session.principal()
    if (user === undefined) {
      response.redirect(303, '/sign-in?next=/orders')
      return
    }
    const placed = request.query['placed']
    const orders = await listOrders(database, user)
    show(
      response,
      ordersPage(await visitorOf(request), orders, typeof placed === 'string' ? placed : undefined),
    )
  })

  return router
}

/** Only places of our own: an address from a link must not lead elsewhere after sign-in. */
function pathAfter(next: unknown): string {
  return next === '/cart' || next === '/orders' ? next : '/'
}

async function visitorOf({ session }: Request): Promise<Visitor> {
  const data = await session.data()
  return { user: await session.principal(), pieces: countPieces(cartOf(data)) }
}

function show(response: Response, page: Html): void {
  response.type('html').send(page.text)
}
