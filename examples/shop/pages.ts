// The shop as pages and forms. Every form answers with a redirect, so that a reload repeats nothing.
import { Router, type Request, type Response } from 'express'
import { authenticate } from './accounts.ts'
import { addToCart, cartOf, countPieces, setQuantity } from './cart.ts'
import { checkOut } from './checkout.ts'
import type { Database } from './database.ts'
import type { Html } from './html.ts'
import { productOf, readCartForm, readCredentials } from './input.ts'
import { listOrders } from './orders.ts'
import { cartPage } from './views/cart.ts'
import { cataloguePage, productPage } from './views/catalogue.ts'
import type { Visitor } from './views/layout.ts'
import { ordersPage } from './views/orders.ts'
import { signInPage } from './views/sign-in.ts'

export function pages(database: Database): Router {
  return Router().use(shelves(), cart(database), account(database))
}

function shelves(): Router {
  const router = Router()

  router.get('/', async (request, response) => {
    show(response, cataloguePage(await visitorOf(request)))
  })

  router.get('/products/:sku', async (request, response) => {
    const product = productOf(request.params.sku)
    show(response, productPage(await visitorOf(request), product, request.query['added'] === 'yes'))
  })

  return router
}

function cart(database: Database): Router {
  const router = Router()

  router.get('/cart', async (request, response) => {
    show(response, cartPage(await visitorOf(request), cartOf(await request.session.data())))
  })

  router.post('/cart', async (request, response) => {
    const { product, quantity } = readCartForm(request.body)
    if (quantity > 0) addToCart(await request.session.data(), product, quantity)
    response.redirect(303, `/products/${product.sku}?added=yes`)
  })

  router.post('/cart/quantity', async (request, response) => {
    const { product, quantity } = readCartForm(request.body)
    setQuantity(await request.session.data(), product, quantity)
    response.redirect(303, '/cart')
  })

  router.post('/checkout', async (request, response) => {
    const user = await request.session.principal()
    const data = await request.session.data()
    if (user === undefined) response.redirect(303, '/sign-in?next=/cart')
    // A second click finds the cart empty, because the first one ordered it.
    else if (cartOf(data).items.length === 0) response.redirect(303, '/orders')
    else {
      const order = await checkOut(database, user, data)
      response.redirect(303, `/orders?placed=${order.id}`)
    }
  })

  return router
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
