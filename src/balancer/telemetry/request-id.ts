// The id by which a request is found again in the balancer's log, in an instance's and at the client.
import type { RandomPool } from './random-pool.ts'

/** What ids are made of in practice (UUIDs, base64, AWS, counters), and nothing that means something to a log or a shell. */
const wellFormed = /^[A-Za-z0-9._:=+/@~-]{1,128}$/

/** A client's `x-request-id` as it is, or undefined when it is not to be passed on. */
export function readRequestId(value: string): string | undefined {
  return wellFormed.test(value) ? value : undefined
}

/**
 * Ids of one process: 48 random bits that tell it from other processes, and a count. They are not secret: who knows one
 * can guess the next.
 */
export class RequestIds {
  readonly #prefix: string
  #count = 0

  constructor(random: RandomPool) {
    this.#prefix = `${random.hex(12)}-`
  }

  mint(): string {
    return this.#prefix + ++this.#count
  }
}
