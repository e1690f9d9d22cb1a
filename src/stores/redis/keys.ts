// The names of keys in Redis. All keys of one principal share a Cluster slot (the part in braces decides it), so that one
// script reaches them:
//
//   <prefix>{<hash>}          a visitor's session
//   <prefix>{<tag>}:<hash>    a signed-in session
//   <prefix>{<tag>}:mark      the principal's revocation mark: sessions of an older generation are revoked
//   <prefix>{<tag>}:list      the principal's sessions (sorted set of hashes by creation)
//   <prefix>{<key>}:rate      a rate limit's counter
import { tagOf } from '../../session/id.ts'

export class KeyNames {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Where the session with this key of the port rests. */
  session(key: string): string {
    const tag = tagOf(key)
    return tag === undefined ? `${this.#prefix}{${key}}` : this.#of(tag) + key.slice(tag.length + 1)
  }

  /** Undefined for a visitor's session, which nobody can revoke but by deleting it. */
  markOf(key: string): string | undefined {
    const tag = tagOf(key)
    return tag === undefined ? undefined : `${this.#of(tag)}mark`
  }

  /** A principal's mark and list. */
  principal(tag: string): readonly [mark: string, list: string] {
    return [`${this.#of(tag)}mark`, `${this.#of(tag)}list`]
  }

  /** Mark and list of the session's principal; nothing for a visitor. */
  principalOf(key: string): readonly string[] {
    const tag = tagOf(key)
    return tag === undefined ? [] : this.principal(tag)
  }

  counter(key: string): string {
    return `${this.#of(key)}rate`
  }

  #of(tag: string): string {
    return `${this.#prefix}{${tag}}:`
  }
}

/** Whether both sessions are certain to rest in one slot of a Cluster. */
export function shareSlot(key: string, otherKey: string): boolean {
  const tag = tagOf(key)
  return tag !== undefined && tag === tagOf(otherKey)
}
