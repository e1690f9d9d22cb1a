// The cart, which lives in the visitor's session, so that any instance can answer for it.
import { randomUUID } from 'node:crypto'
import { products, type Product } from './products.ts'
import { Refusal } from './refusal.ts'

/**
 * What the shop keeps in a session. Each product in the cart is a field of its own, because a session writes only the
 * fields that changed: a lamp added in one tab and a mug in another are both kept, whichever servers answered.
 */
export interface ShopData {
  [line: `cart:${string}`]: number | undefined
  /** The id this cart's order will have: two requests that order one cart at once place one order. */
  orderId?: string
}

/** One product in a cart or an order; `price` is for one piece, in cents. */
export interface CartItem {
  readonly sku: string
  readonly name: string
  readonly quantity: number
  readonly price: number
}

export interface Cart {
  readonly items: readonly CartItem[]
  /** In cents. */
  readonly total: number
}

/** Far above any real cart, so that only abuse meets it. */
const maxPieces = 100_000

export function cartOf(data: ShopData): Cart {
  const items = products.flatMap(({ sku, name, price }) => {
    const quantity = data[`cart:${sku}`]
    return quantity === undefined ? [] : [{ sku, name, quantity, price }]
  })
  return { items, total: totalOf(items) }
}

export function totalOf(items: readonly CartItem[]): number {
  return items.reduce((sum, item) => sum + item.price * item.quantity, 0)
}

export function countPieces(cart: Cart): number {
  return cart.items.reduce((sum, item) => sum + item.quantity, 0)
}

export function addToCart(data: ShopData, product: Product, quantity: number): void {
  setQuantity(data, product, (data[`cart:${product.sku}`] ?? 0) + quantity)
}

/** Zero takes the product out. */
export function setQuantity(data: ShopData, product: Product, quantity: number): void {
  if (quantity > maxPieces) {
    throw new Refusal('line_full', `A cart holds at most ${maxPieces} pieces of one product`)
  }
  if (quantity === 0) delete data[`cart:${product.sku}`]
  else data[`cart:${product.sku}`] = quantity
  data.orderId ??= randomUUID()
}

/**
 * Takes what was ordered out of the cart. The order already bears `orderId`: when a server dies after the order was
 * stored and before this was saved, the next checkout, whatever its key, finds that order instead of placing a second one.
 */
export function takeOrdered(data: ShopData, ordered: readonly CartItem[]): void {
  for (const { sku, quantity } of ordered) {
    const left = (data[`cart:${sku}`] ?? 0) - quantity
    if (left > 0) data[`cart:${sku}`] = left
    else delete data[`cart:${sku}`]
  }
  data.orderId = randomUUID()
}
