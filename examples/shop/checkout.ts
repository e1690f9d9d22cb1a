// Turns a cart into an order, once.
import type { Request } from 'express'
import { cartOf, takeOrdered } from './cart.ts'
import type { Database } from './database.ts'
import { placeOrder, type Order } from './orders.ts'
import { Refusal } from './refusal.ts'
import { keyOf, saveOnce } from './request-key.ts'

/**
 * Places the order, then takes its items out of the cart, and saves that. A server may die in between: the request that is
 * sent again finds its order, and goes on from there.
 */
export async function checkOut(database: Database, account: string, request: Request): Promise<Order> {
  const data = await request.session.data()
  const { items } = cartOf(data)
  const chooseId = () => {
    if (items.length > 0 && data.orderId !== undefined) return data.orderId
    throw new Refusal('empty_cart', 'There is nothing in the cart')
  }
  const key = keyOf(request) ?? chooseId()
  const order = await placeOrder(database, { key, chooseId, account, items, now: new Date() })
  takeOrdered(data, order.items)
  await saveOnce(request)
  return order
}
