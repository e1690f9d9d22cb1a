// Orders: placed once, listed newest first.
import { totalOf, type CartItem } from './cart.ts'
import type { Database } from './database.ts'

export interface Order {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly placedAt: string
  readonly items: readonly CartItem[]
  /** In cents. */
  readonly total: number
}

export interface OrderRequest {
  readonly id: string
  readonly account: string
  readonly items: readonly CartItem[]
  readonly now: Date
}

/** How many orders a page shows. */
const listed = 50

/** Stores the order and its lines together. An id that was ordered before gives that order back, unchanged. */
export async function placeOrder(database: Database, request: OrderRequest): Promise<Order> {
  const { id, account, items, now } = request
  const order = { id, account, placed_at: now.toISOString(), total: totalOf(items) }
  const lines = items.map(({ sku, name, quantity, price }, position) => {
    return { order_id: id, position, sku, name, quantity, price }
  })
  await database.transaction().execute(async (transaction) => {
    const placed = await transaction
      .insertInto('orders')
      .values(order)
      .onConflict((row) => row.column('id').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (placed !== undefined) await transaction.insertInto('order_lines').values(lines).execute()
  })
  const [stored] = await readOrders(database, account, id)
  if (stored === undefined) throw new Error(`Cannot read order "${id}" back: not an order of "${account}"`)
  return stored
}

export function listOrders(database: Database, account: string): Promise<Order[]> {
  return readOrders(database, account)
}

async function readOrders(database: Database, account: string, id?: string): Promise<Order[]> {
  const orders = await database
    .selectFrom('orders')
    .selectAll()
    .where('account', '=', account)
    .$if(id !== undefined, (query) => query.where('id', '=', id ?? ''))
    .orderBy('placed_at', 'desc')
    .limit(listed)
    .execute()
  if (orders.length === 0) return []
  const ids = orders.map((order) => order.id)
  const lines = await database
    .selectFrom('order_lines')
    .selectAll()
    .where('order_id', 'in', ids)
    .orderBy('position')
    .execute()
  return orders.map((order) => {
    const items = lines
      .filter((line) => line.order_id === order.id)
      .map(({ sku, name, quantity, price }) => ({ sku, name, quantity, price }))
    return { id: order.id, placedAt: order.placed_at, items, total: order.total }
  })
}
