// What happens between the requests of tests: a restart of the app, or as long a pause, once something was written and nothing is under way.

export class Gate {
  readonly #act: () => Promise<void>
  #isDue = false
  #underWay = 0
  #acting: Promise<void> | undefined
  #count = 0
  #failure: unknown

  constructor(act: () => Promise<void>) {
    this.#act = act
  }

  /** How often something happened. */
  get count(): number {
    return this.#count
  }

  /** Why it could not happen; undefined: it could. */
  get failure(): unknown {
    return this.#failure
  }

  /** Resolves when a request may be sent on; `leave` must follow. */
  async enter(): Promise<void> {
    while (this.#acting !== undefined) await this.#acting
    if (this.#isDue && this.#underWay === 0) {
      this.#acting = this.#actOnce()
      await this.#acting
    }
    this.#underWay += 1
  }

  /** `hasWritten`: what was asked may have left something in the process. */
  leave(hasWritten: boolean): void {
    this.#underWay -= 1
    this.#isDue ||= hasWritten
  }

  async #actOnce(): Promise<void> {
    this.#isDue = false
    try {
      await this.#act()
      this.#count += 1
    } catch (error) {
      this.#failure ??= error
    } finally {
      this.#acting = undefined
    }
  }
}
