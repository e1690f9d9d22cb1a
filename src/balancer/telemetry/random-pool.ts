// Random hexadecimal digits without asking the system for each of them: a pool of bytes is drawn and used up.

/** Fresh random bytes, `crypto.randomBytes` in a process, as a port. */
export type RandomBytes = (size: number) => Uint8Array

const poolBytes = 4_096

export class RandomPool {
  readonly #randomBytes: RandomBytes
  #digits = ''
  #used = 0

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes
  }

  /** So many lowercase hexadecimal digits, at most twice the pool's bytes, that were never given out before. */
  hex(count: number): string {
    let end = this.#used + count
    if (end > this.#digits.length) {
      this.#digits = Buffer.from(this.#randomBytes(poolBytes)).toString('hex')
      end = count
    }
    this.#used = end
    return this.#digits.slice(end - count, end)
  }
}
