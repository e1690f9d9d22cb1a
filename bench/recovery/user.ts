// One user of the shop: signs in, then looks, adds one piece, looks into the cart, and every tenth time orders.
import { setTimeout as pause } from 'node:timers/promises'
import type { Exchange, ShopClient } from './client.ts'
import { judge, Ledger, type StoredOrder, type Verdict } from './ledger.ts'
import type { Tally } from './tally.ts'

/** Whom a user signs in as, and the one product they buy: orders are told apart by both. */
export interface Identity {
  readonly account: string
  readonly sku: string
}

/** From one answer to the next request, on average; between half and one and a half of it. */
const thinkMs = 50
const roundsPerOrder = 10
/** How long the shop may take to answer at all, before and after the faults. */
const patienceMs = 60_000
const retryMs = 100

export class User {
  readonly identity: Identity
  readonly #client: ShopClient
  readonly #random: () => number
  readonly #tally: Tally
  readonly #ledger = new Ledger()
  #isSignedIn = false

  constructor(identity: Identity, client: ShopClient, tally: Tally, random: () => number) {
    this.identity = identity
    this.#client = client
    this.#tally = tally
    this.#random = random
  }

  /** Before anything is measured; rejects when the shop does not let them in. */
  async enter(signal: AbortSignal): Promise<void> {
    await this.#insist('sign in', signal, async () => {
      const exchange = await this.#askToSignIn()
      this.#isSignedIn = exchange.status === 200
      return exchange
    })
  }

  /** Shops until `endMs` of performance.now(). `isOpen` resolves when the shop may be entered: at once, but for pauses. */
  async shop(endMs: number, isOpen: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const acts = [
      () => this.#look(),
      () => this.#addOne(),
      () => this.#lookIntoCart(),
      (round: number) => (round % roundsPerOrder === 0 ? this.#order() : undefined),
    ]
    for (let round = 1; ; round++) {
      for (const act of acts) {
        await isOpen()
        if (performance.now() >= endMs) return
        const work = act(round)
        if (work === undefined) continue
        await work
        await pause(thinkMs * (0.5 + this.#random()), undefined, { signal })
      }
    }
  }

  /** After the faults: what is in the cart and in the database, against what was asked for. */
  async settle(orders: readonly StoredOrder[], signal: AbortSignal): Promise<Verdict> {
    const { body } = await this.#insist('read a cart after the run', signal, () =>
      this.#client.ask('GET', '/api/cart'),
    )
    const quantity = quantityIn(body, this.identity.sku)
    if (quantity === undefined) throw new Error('Cannot read a cart after the run: it shows no items')
    this.#ledger.cartSeen(quantity)
    return judge(this.#ledger, quantity, orders)
  }

  leave(): void {
    this.#client.close()
  }

  /** Outside of what is measured: again and again, until it is answered with 200. */
  async #insist(what: string, signal: AbortSignal, ask: () => Promise<Exchange>): Promise<Exchange> {
    const endMs = performance.now() + patienceMs
    for (;;) {
      const exchange = await ask()
      if (exchange.status === 200) return exchange
      const { reason, status } = exchange
      if (performance.now() >= endMs) throw new Error(`Cannot ${what}: ${reason ?? status}`)
      await pause(retryMs, undefined, { signal })
    }
  }

  async #look(): Promise<void> {
    if (!this.#isSignedIn) {
      await this.#signInAgain()
      return
    }
    const exchange = await this.#measure(this.#client.ask('GET', '/api/me'))
    if (exchange.status === 401) this.#noteSignOut()
    else if (exchange.status !== 200) this.#tally.fail(exchange)
  }

  async #addOne(): Promise<void> {
    const change = { sku: this.identity.sku, quantity: 1 }
    const exchange = await this.#measure(this.#client.ask('POST', '/api/cart', change))
    if (exchange.status === 200) {
      this.#ledger.incrementAnswered()
      return
    }
    this.#ledger.incrementUnanswered()
    this.#tally.fail(exchange)
  }

  async #lookIntoCart(): Promise<void> {
    const exchange = await this.#measure(this.#client.ask('GET', '/api/cart'))
    const quantity = exchange.status === 200 ? quantityIn(exchange.body, this.identity.sku) : undefined
    if (quantity === undefined) this.#tally.fail(exchange)
    else this.#ledger.cartSeen(quantity)
  }

  async #order(): Promise<void> {
    // An empty cart is refused, and rightly: where every increment failed there is nothing to order.
    if (this.#ledger.certain === 0 || !this.#isSignedIn) return
    const exchange = await this.#measure(this.#client.ask('POST', '/api/checkout'))
    const { status, body } = exchange
    const quantity = quantityIn(body, this.identity.sku)
    if (status === 201 && quantity !== undefined) {
      this.#ledger.orderAnswered(idIn(body), quantity)
      return
    }
    if (status === 401) {
      this.#noteSignOut()
      return
    }
    this.#ledger.orderUnanswered()
    this.#tally.fail(exchange)
  }

  async #signInAgain(): Promise<void> {
    const exchange = await this.#measure(this.#askToSignIn())
    if (exchange.status === 200) this.#isSignedIn = true
    else this.#tally.fail(exchange)
  }

  /** A sign-out is told as one, not as a failed request. */
  #noteSignOut(): void {
    this.#tally.signedOut += 1
    this.#isSignedIn = false
  }

  #askToSignIn(): Promise<Exchange> {
    const { account } = this.identity
    return this.#client.ask('POST', '/api/login', { user: account, password: account })
  }

  async #measure(asked: Promise<Exchange>): Promise<Exchange> {
    const exchange = await asked
    this.#tally.count(exchange)
    return exchange
  }
}

/** The pieces of the product in an answer that shows a cart or an order; undefined when it shows neither. */
function quantityIn(body: unknown, sku: string): number | undefined {
  if (typeof body !== 'object' || body === null || !('items' in body) || !Array.isArray(body.items))
    return undefined
  const items: readonly unknown[] = body.items
  for (const item of items) {
    if (typeof item !== 'object' || item === null || !('sku' in item) || !('quantity' in item)) continue
    if (item.sku === sku) return Number(item.quantity)
  }
  return 0
}

function idIn(body: unknown): string {
  return typeof body === 'object' && body !== null && 'id' in body ? String(body.id) : ''
}
