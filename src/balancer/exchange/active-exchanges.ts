// The exchanges under way. Not a Set: one that is added to and deleted from all the time is rehashed all the time, and in
// V8 each table left behind keeps what was in it, and the next table, alive until a full collection: the collector then
// copied every exchange twice, a tenth of the balancer's CPU.

/** Knows its place, which is the list's to write. */
export interface Listed {
  position: number
}

export class ActiveExchanges<Item extends Listed> {
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: Item): void {
    item.position = this.#items.length
    this.#items.push(item)
  }

  /** The last takes its place. */
  remove(item: Item): void {
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#items[item.position] = last
    last.position = item.position
  }

  /** A copy, so that they may end meanwhile. */
  all(): Item[] {
    return [...this.#items]
  }
}
