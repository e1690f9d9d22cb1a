// How many may read the log at a time, which may take for ever: what is answered at once, and a stop, must find a connection.
import { DroverError } from '../base/errors.ts'

export class Places {
  readonly #most: number
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Rejects CONTROL_FAILED when all places are taken. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#most) {
      throw new DroverError('CONTROL_FAILED', `Cannot read the log: ${this.#most} others are reading it`)
    }
    this.#taken += 1
    try {
      return await work()
    } finally {
      this.#taken -= 1
    }
  }
}
