// What one user may expect of their cart. An increment that was answered counts exactly once; one that was not may count or
// not, now or later. So a cart holds at least what is certain, and at most that and what is possible.

export class Ledger {
  /** Answered, and not yet ordered. */
  #certain = 0
  /** Not answered, and not yet seen in the cart. */
  #possible = 0
  /** Checkouts that were not answered, and whose effect was not yet seen. */
  #possibleOrders = 0
  #acknowledged = 0
  #unacknowledged = 0
  #unacknowledgedOrders = 0
  #lost = 0
  #doubled = 0
  readonly #orders = new Set<string>()

  /** Pieces that must be in the cart now. */
  get certain(): number {
    return this.#certain
  }

  /** Increments that were answered. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** The ids of the orders that were answered. */
  get orders(): ReadonlySet<string> {
    return this.#orders
  }

  get unacknowledgedOrders(): number {
    return this.#unacknowledgedOrders
  }

  /** Pieces that were missing from what was shown. */
  get lost(): number {
    return this.#lost
  }

  /** Pieces beyond everything that was asked for. */
  get doubled(): number {
    return this.#doubled
  }

  incrementAnswered(): void {
    this.#acknowledged += 1
    this.#certain += 1
  }

  incrementUnanswered(): void {
    this.#unacknowledged += 1
    this.#possible += 1
  }

  cartSeen(quantity: number): void {
    if (quantity < this.#certain && this.#possibleOrders > 0) {
      // A checkout that nobody answered took them; what it took, the database tells.
      this.#possibleOrders -= 1
    } else {
      this.#lost += Math.max(0, this.#certain - quantity)
    }
    const more = Math.max(0, quantity - this.#certain)
    const applied = Math.min(more, this.#possible)
    this.#doubled += more - applied
    this.#possible -= applied
    this.#certain = quantity
  }

  orderAnswered(id: string, quantity: number): void {
    this.#orders.add(id)
    if (quantity < this.#certain && this.#possibleOrders > 0) {
      // The answer is an order that an unanswered checkout had placed; what came into the cart since stays in it.
      this.#possibleOrders -= 1
      this.#certain -= quantity
      return
    }
    this.cartSeen(quantity)
    this.#certain = 0
  }

  orderUnanswered(): void {
    this.#unacknowledgedOrders += 1
    this.#possibleOrders += 1
  }
}

/** An order as it stands in the database. */
export interface StoredOrder {
  readonly id: string
  readonly quantity: number
}

export interface Verdict {
  readonly lost: number
  readonly doubled: number
  readonly lostOrders: number
  readonly doubledOrders: number
}

/**
 * What went wrong by all that is known: what the user saw on the way, and what is left in cart and database. Pieces
 * are only ever moved from the cart to an order, so that both together must hold what was asked for.
 */
export function judge(ledger: Ledger, cart: number, orders: readonly StoredOrder[]): Verdict {
  const pieces = orders.reduce((sum, order) => sum + order.quantity, cart)
  const stored = new Set(orders.map((order) => order.id))
  const most = ledger.orders.size + ledger.unacknowledgedOrders
  return {
    lost: Math.max(ledger.lost, ledger.acknowledged - pieces),
    doubled: Math.max(ledger.doubled, pieces - ledger.acknowledged - ledger.unacknowledged),
    lostOrders: [...ledger.orders].filter((id) => !stored.has(id)).length,
    doubledOrders: Math.max(0, stored.size - most),
  }
}
