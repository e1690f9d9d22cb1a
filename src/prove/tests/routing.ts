// Which instance answers a request of the tests: never the one that answered the client's last, and seldom the one it last wrote to.
import { createHash } from 'node:crypto'
import { seededRandom } from '../../base/random.ts'

export interface Asked {
  readonly client: string
  readonly method: string
  /** Path and query. */
  readonly path: string
}

interface Past {
  readonly last: number
  readonly lastWrite: number | undefined
}

/** Beyond these the longest unseen are forgotten (R7). */
const mostClients = 10_000
const mostPaths = 10_000
const awayFromWrites = 0.75

/**
 * Chance is drawn from the seed and from what is asked for the how-many-th time, and not from the order of arrival: tests that ask in
 * parallel come to the same instances again as far as they can.
 */
export class Routing {
  readonly #instances: number
  readonly #seed: number
  readonly #past = new Map<string, Past>()
  readonly #times = new Map<string, number>()
  #lastOfAll: Past | undefined

  constructor(instances: number, seed: number) {
    this.#instances = instances
    this.#seed = seed
  }

  /** From 1. */
  next({ client, method, path }: Asked): number {
    const past = this.#past.get(client) ?? this.#lastOfAll
    const random = this.#randomFor(`${client} ${method} ${path}`)
    const others = Array.from({ length: this.#instances }, (_, at) => at + 1).filter(
      (at) => at !== past?.last,
    )
    const away = others.filter((at) => at !== past?.lastWrite)
    const allowed = away.length > 0 && random() < awayFromWrites ? away : others
    const chosen = allowed[Math.floor(random() * allowed.length)] ?? 1
    this.#remember(client, { last: chosen, lastWrite: isWriting(method) ? chosen : past?.lastWrite })
    return chosen
  }

  /** Who asked as `before` is known as `client` from now on, and has the same past. */
  rename(before: string, client: string): void {
    const past = this.#past.get(before)
    if (before !== client && past !== undefined) this.#remember(client, past)
  }

  #remember(client: string, past: Past): void {
    this.#past.delete(client)
    this.#past.set(client, past)
    this.#lastOfAll = past
    forgetBeyond(this.#past, mostClients)
  }

  #randomFor(what: string): () => number {
    const time = this.#times.get(what) ?? 0
    this.#times.delete(what)
    this.#times.set(what, time + 1)
    forgetBeyond(this.#times, mostPaths)
    const digest = createHash('sha256').update(`${this.#seed} ${time} ${what}`).digest()
    return seededRandom(digest.readUInt32BE(0))
  }
}

/** By its method (RFC 9110 section 9.2.1). */
export function isWriting(method: string): boolean {
  return !/^(?:GET|HEAD|OPTIONS|TRACE)$/i.test(method)
}

function forgetBeyond(map: Map<string, unknown>, most: number): void {
  if (map.size > most) map.delete(map.keys().next().value ?? '')
}
