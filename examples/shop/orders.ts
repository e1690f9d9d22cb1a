// Orders: placed once, listed newest first.
import type { Transaction } from 'kysely'
import { totalOf, type CartItem } from './cart.ts'
import type { Database, Tables } from './database.ts'

export interface Order {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly placedAt: string
  readonly items: readonly CartItem[]
  /** In cents. */
  readonly total: number
}

export interface OrderRequest {
  /** The request's: whoever asks again with it gets the order of the first. */
  readonly key: string
  /** The order's id, the same for all requests that order this cart. Called unless the order is placed; may refuse. */
  readonly chooseId: () => string
  readonly account: string
  readonly items: readonly CartItem[]
  readonly now: Date
}

/** How many orders a page shows. */
const listed = 50

/** Stores key, order and lines together. What was ordered before, by key or by id, is given back unchanged. */
export async function placeOrder(database: Database, request: OrderRequest): Promise<Order> {
  const { key, chooseId, account } = request
  const id = await database.transaction().execute(async (transaction) => {
    const { value, isRepeated } = await database.once(transaction, `${account} ${key}`, chooseId)
    if (!isRepeated) await insertOrder(transaction, value, request)
    return value
  })
  const [stored] = await readOrders(database, account, id)
  if (stored === undefined) throw new Error(`Cannot read order "${id}" back: not an order of "${account}"`)
  return stored
}

async function insertOrder(
  transaction: Transaction<Tables>,
  id: string,
  { account, items, now }: OrderRequest,
): Promise<void> {
  const placed = await transaction
    .insertInto('orders')
    .values({ id, account, placed_at: now.toISOString(), total: totalOf(items) })
    .onConflict((row) => row.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (placed === undefined) return
  const lines = items.map(({ sku, name, quantity, price }, position) => {
    return { order_id: id, position, sku, name, quantity, price }
  })
  await transaction.insertInto('order_lines').values(lines).execute()
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
