// The names of tokens' keys in Redis. What one script reaches shares a Cluster slot (the part in braces decides it):
//
//   <prefix>{<tag>}:<random>       a family
//   <prefix>{<tag>}:mark           its principal's mark
//   <prefix>{revocations}:log      the feed, a stream of what is over soon, such as tokens,
//   <prefix>{revocations}:log:long another one of what is not, such as sessions in cookies: streams are trimmed from the front, and
//                                  what is over soon would have to wait behind the rest,
//   <prefix>{revocations}:head     and a counter that changes with either
//   <prefix>ring:<name>            a key ring
import { familyTag } from '../../tokens/token-store.ts'

export class TokenKeys {
  readonly #prefix: string
  readonly feed: readonly [log: string, longLog: string, head: string]

  constructor(prefix: string) {
    this.#prefix = prefix
    const feed = `${prefix}{revocations}`
    this.feed = [`${feed}:log`, `${feed}:log:long`, `${feed}:head`]
  }

  /** Where a family rests, and its principal's mark. */
  family(key: string): readonly [family: string, mark: string] {
    const tag = familyTag(key)
    return [`${this.#prefix}{${tag}}:${key.slice(tag.length + 1)}`, this.mark(tag)]
  }

  mark(tag: string): string {
    return `${this.#prefix}{${tag}}:mark`
  }

  ring(name: string): string {
    return `${this.#prefix}ring:${name}`
  }
}
