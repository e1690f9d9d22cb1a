// The shop over JSON. The pages do the same with forms, in pages.ts.
import { Router, type Request } from 'express'
import { authenticate } from './accounts.ts'
import { addToCart, cartOf } from './cart.ts'
import { checkOut } from './checkout.ts'
import type { Database } from './database.ts'
import { readCartChange, readCredentials } from './input.ts'
import { listOrders } from './orders.ts'
import { Refusal } from './refusal.ts'

export function api(database: Database): Router {
  const router = Router()

  router.post('/login', async (request, response) => {
    const { user, password } = readCredentials(request.body)
    const account = await authenticate(database, user, password)
    if (account === undefined) throw new Refusal('wrong_credentials', 'No account has this name and password')
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

  router.post('/cart', async (request, response) => {
    const { product, quantity } = readCartChange(request.body)
    const data = await request.session.data()
    addToCart(data, product, quantity)
    response.json(cartOf(data))
  })

  router.post('/checkout', async (request, response) => {
    const account = await signedInUser(request)
    const order = await checkOut(database, account, await request.session.data())
    response.status(201).json(order)
  })

  router.get('/orders', async (request, response) => {
    response.json({ orders: await listOrders(database, await signedInUser(request)) })
  })

  return router
}

async function signedInUser(request: Request): Promise<string> {
  const user = await request.session.principal()
  if (user === undefined) throw new Refusal('not_signed_in', 'Sign in first')
  return user
}
