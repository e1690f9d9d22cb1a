// Who asks: clients of the user's tests, told apart by the cookies that answers gave them and by the credentials they show.
import type { IncomingHttpHeaders } from 'node:http'
import { splitSetCookie } from '../drive/cookies.ts'

/** Who shows nothing at all. */
export const nobody = 'nobody'

/** Marks beyond these are forgotten, the longest unused first (R7). */
const mostMarks = 20_000

export class Clients {
  /** Whose a cookie or a credential is; undefined: it was given to several, and tells nothing. */
  readonly #owners = new Map<string, string | undefined>()
  #count = 0

  of({ cookie = '', authorization = '' }: Pick<IncomingHttpHeaders, 'cookie' | 'authorization'>): string {
    const shown = cookie.split(/;\s*/).filter((pair) => pair !== '')
    // A session's id is longer than a language or a theme, which many have alike.
    for (const mark of shown.toSorted((one, two) => two.length - one.length)) {
      const owner = this.#ownerOf(mark)
      if (owner !== undefined) return owner
    }
    const all = [...shown.toSorted(), authorization].join('\n')
    if (all.trim() === '') return nobody
    const owner = this.#ownerOf(all) ?? this.#newcomer()
    this.#note(all, owner)
    return owner
  }

  /** Who it was that got this answer, as is known once the answer gave cookies to somebody who had none. */
  answered(client: string, setCookies: readonly string[]): string {
    const given = setCookies.flatMap((line) => {
      const cookie = splitSetCookie(line)
      return cookie === undefined || cookie.value === '' ? [] : [`${cookie.name}=${cookie.value}`]
    })
    if (given.length === 0) return client
    const owner = client === nobody ? this.#newcomer() : client
    for (const mark of given) {
      const isShared = this.#owners.has(mark) && this.#owners.get(mark) !== owner
      this.#note(mark, isShared ? undefined : owner)
    }
    return owner
  }

  #newcomer(): string {
    this.#count += 1
    return `client ${this.#count}`
  }

  #ownerOf(mark: string): string | undefined {
    const owner = this.#owners.get(mark)
    if (this.#owners.has(mark)) this.#note(mark, owner)
    return owner
  }

  #note(mark: string, owner: string | undefined): void {
    this.#owners.delete(mark)
    this.#owners.set(mark, owner)
    if (this.#owners.size > mostMarks) this.#owners.delete(this.#owners.keys().next().value ?? '')
  }
}
