// Work that must not overlap for one key: each piece waits for those of its key that came before, in this process.

export class KeyedQueue {
  readonly #last: Map<string, Promise<unknown>> = new Map()

  /** Runs `work` after all earlier work of `key`, however that ended; `waited` tells whether there was any. */
  run<Value>(key: string, work: (waited: boolean) => Promise<Value>): Promise<Value> {
    const before = this.#last.get(key)
    const result = before === undefined ? work(false) : before.then(() => work(true))
    // The caller holds `result` and its failure; whoever comes next only waits for its end.
    const end = result.then(ignore, ignore)
    this.#last.set(key, end)
    void end.then(() => {
      if (this.#last.get(key) === end) this.#last.delete(key)
    })
    return result
  }

  /** How many keys have work under way. */
  get size(): number {
    return this.#last.size
  }
}

function ignore(): void {
  // An end is an end.
}
