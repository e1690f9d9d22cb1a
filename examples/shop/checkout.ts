// Turns a cart into an order, once.
import { cartOf, takeOrdered, type ShopData } from './cart.ts'
import type { Database } from './database.ts'
import { placeOrder, type Order } from './orders.ts'
import { Refusal } from './refusal.ts'

/** Places the order, then takes its items out of the cart; the session saves that before the answer leaves. */
export async function checkOut(database: Database, account: string, data: ShopData): Promise<Order> {
  const { items } = cartOf(data)
  if (items.length === 0 || data.orderId === undefined) {
    throw new Refusal('empty_cart', 'There is nothing in the cart')
  }
  const order = await placeOrder(database, { id: data.orderId, account, items, now: new Date() })
  takeOrdered(data, order.items)
  return order
}
