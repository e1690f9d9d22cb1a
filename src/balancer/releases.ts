// Who waits until nothing here holds an instance any more, so that it can be ended without harm to anybody.
import { startKey } from '../base/wire.ts'

interface Awaited {
  readonly id: string
  readonly epoch: number
  readonly tell: (() => void)[]
}

export class Releases {
  readonly #isHeld: (id: string, epoch: number) => boolean
  readonly #awaited = new Map<string, Awaited>()

  constructor(isHeld: (id: string, epoch: number) => boolean) {
    this.#isHeld = isHeld
  }

  /** Calls `tell` once this start of the instance is not held: at once, or at a later `look`. */
  await(id: string, epoch: number, tell: () => void): void {
    const key = startKey({ id, epoch })
    const awaited = this.#awaited.get(key) ?? { id, epoch, tell: [] }
    awaited.tell.push(tell)
    this.#awaited.set(key, awaited)
    this.look()
  }

  /** To be called whenever something may have been let go. */
  look(): void {
    if (this.#awaited.size === 0) return
    for (const [key, { id, epoch, tell }] of this.#awaited) {
      if (this.#isHeld(id, epoch)) continue
      this.#awaited.delete(key)
      for (const one of tell) one()
    }
  }
}
