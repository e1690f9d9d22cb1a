// The sixteen users, who differ in account or product, and what the database holds of each.
import { DatabaseSync } from 'node:sqlite'
import { ShopClient } from './client.ts'
import type { StoredOrder, Verdict } from './ledger.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Tally } from './tally.ts'
import { User, type Identity } from './user.ts'

const accounts = ['ann', 'bob']
const skus = ['mug', 'lamp', 'teapot', 'blanket', 'notebook', 'plant', 'clock', 'candle']

const identities: readonly Identity[] = accounts.flatMap((account) =>
  skus.map((sku) => {
    return { account, sku }
  }),
)

export const mostUsers: number = identities.length

export interface CrowdOptions {
  readonly origin: string
  readonly users: number
  readonly tally: Tally
  readonly seed: number
}

export class Crowd {
  readonly #users: readonly User[]

  constructor({ origin, users, tally, seed }: CrowdOptions) {
    this.#users = identities
      .slice(0, users)
      .map(
        (identity, index) =>
          new User(identity, new ShopClient(origin), tally, seededRandom(seed + index + 1)),
      )
  }

  /** One after the other: a password is a sixth of a second of work, and sixteen at once would wait for each other. */
  async enter(signal: AbortSignal): Promise<void> {
    for (const user of this.#users) await user.enter(signal)
  }

  async shop(endMs: number, isOpen: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#users.map((user) => user.shop(endMs, isOpen, signal)))
  }

  /** Everybody's verdict, summed; `path` is the file with the orders. */
  async settle(path: string, signal: AbortSignal): Promise<Verdict> {
    const orders = readOrders(path)
    const verdicts = await Promise.all(
      this.#users.map((user) => user.settle(orders.get(keyOf(user.identity)) ?? [], signal)),
    )
    const sum = (part: keyof Verdict) => verdicts.reduce((total, verdict) => total + verdict[part], 0)
    return {
      lost: sum('lost'),
      doubled: sum('doubled'),
      lostOrders: sum('lostOrders'),
      doubledOrders: sum('doubledOrders'),
    }
  }

  leave(): void {
    for (const user of this.#users) user.leave()
  }
}

function readOrders(path: string): ReadonlyMap<string, readonly StoredOrder[]> {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    const rows = database
      .prepare(
        `select orders.id, orders.account, order_lines.sku, order_lines.quantity
         from orders join order_lines on order_lines.order_id = orders.id`,
      )
      .all()
      .map(({ id, account, sku, quantity }) => {
        const key = keyOf({ account: String(account), sku: String(sku) })
        return { key, order: { id: String(id), quantity: Number(quantity) } }
      })
    const byUser = Map.groupBy(rows, ({ key }) => key)
    return new Map([...byUser].map(([key, found]) => [key, found.map(({ order }) => order)]))
  } finally {
    database.close()
  }
}

function keyOf({ account, sku }: Identity): string {
  return `${account} ${sku}`
}
