// The shop over JSON. The pages do the same with forms, in pages.ts.
import { Router, type Request, type RequestHandler } from 'express'
import { accountOf } from './accounts.ts'
import { addToCart, cartOf } from './cart.ts'
import { checkOut } from './checkout.ts'
import type { Database } from './database.ts'
import { readCartChange } from './input.ts'
import { listOrders } from './orders.ts'
import { Refusal } from './refusal.ts'
import { saveOnce } from './request-key.ts'

declare global {
  namespace Express {
    interface Request {
      /** The account that the request's token speaks for, where it brought one; tokens.ts has looked. */
      bearer?: string
    }
  }
}

/** `keyed` stands before what must not happen twice. */
export function api(database: Database, keyed: RequestHandler): Router {
  const router = Router()

  router.post('/login', async (request, response) => {
    const account = await accountOf(database, request.body)
    // The cart comes along; one that belongs to somebody else does not.
    await request.session.login(account)
    response.json({ user: account })
  })

  router.get('/me', async (request, response) => {
    response.json({ user: await signedInUser(request) })
  })

  router.post('/logout', async (request, response) => {
    await request.session.logout()
    response.status(204).end()
  })

  router.get('/cart', async (request, response) => {
    response.json(cartOf(await request.session.data()))
  })

  router.post('/cart', keyed, async (request, response) => {
    const { product, quantity } = readCartChange(request.body)
    const data = await request.session.data()
    addToCart(data, product, quantity)
    await saveOnce(request)
    response.json(cartOf(data))
  })

  router.post('/checkout', keyed, async (request, response) => {
    const account = await signedInUser(request)
    response.status(201).json(await checkOut(database, account, request))
  })

  router.get('/orders', async (request, response) => {
    response.json({ orders: await listOrders(database, await signedInUser(request)) })
  })

  return router
}

async function signedInUser(request: Request): Promise<string> {
  const user = request.bearer ?? (await request.session.principal())
  if (user === undefined) throw new Refusal('not_signed_in', 'Sign in first')
  return user
}
