// Holds all users for a moment, between two requests of each.

export class Gate {
  readonly #users: number
  #waiting = 0
  /** Undefined while it is open. */
  #opened: PromiseWithResolvers<void> | undefined
  #full = Promise.withResolvers<void>()

  constructor(users: number) {
    this.#users = users
  }

  async pass(): Promise<void> {
    if (this.#opened === undefined) return
    this.#waiting += 1
    if (this.#waiting === this.#users) this.#full.resolve()
    await this.#opened.promise
    this.#waiting -= 1
  }

  /** Resolves when everybody waits. */
  close(): Promise<void> {
    this.#opened ??= Promise.withResolvers()
    return this.#full.promise
  }

  open(): void {
    this.#opened?.resolve()
    this.#opened = undefined
    this.#full = Promise.withResolvers()
  }
}
