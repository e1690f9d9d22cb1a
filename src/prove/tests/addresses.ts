// Addresses in what goes through the adversary: apps write their own into redirects, which would lead tests past it.

/** Fields that hold an address which a client goes to next. */
const leading = /^(?:location|content-location|refresh|link)$/i
const ofTheAsker = /^(?:origin|referer)$/i

/** Only of one connection (RFC 9110 section 7.6.1); how a body is framed is said anew. */
const ofOneConnection = /^(?:connection|keep-alive|proxy-connection|te|trailer|upgrade|expect)$/i

export class Addresses {
  readonly #own: string
  readonly #site: string | undefined
  readonly #foreign: RegExp

  /**
   * `own`: the adversary's origin. `instances`: origins and further ports by which an instance may name itself. `site`: the host that is
   * asked for; undefined: the adversary's own.
   */
  constructor(own: string, instances: readonly string[], ports: readonly number[], site: string | undefined) {
    this.#own = own
    this.#site = site
    const hosts = instances.map((origin) => new URL(origin).host)
    const loopback = [...new Set(ports)].flatMap((port) =>
      ['127.0.0.1', 'localhost', '0.0.0.0', '[::1]'].map((name) => `${name}:${port}`),
    )
    const all = [...new Set([...hosts, ...loopback, ...(site === undefined ? [] : [site])])]
    this.#foreign = new RegExp(`(?:\\bhttps?:)?//(?:${all.map(quoted).join('|')})(?![\\w.:-])`, 'gi')
  }

  /** Raw fields of a request as an instance gets them. */
  forInstance(raw: readonly string[]): string[] {
    return fields(raw).flatMap(([name, value]) => {
      // A body that is packed cannot be recorded.
      if (ofOneConnection.test(name) || /^accept-encoding$/i.test(name)) return []
      if (this.#site === undefined) return [name, value]
      if (/^host$/i.test(name)) return [name, this.#site]
      return [name, ofTheAsker.test(name) ? value.replace(this.#own, `http://${this.#site}`) : value]
    })
  }

  /** Raw fields of an answer as the tests get them. */
  forTests(raw: readonly string[]): string[] {
    return fields(raw).flatMap(([name, value]) => {
      if (ofOneConnection.test(name)) return []
      return [name, leading.test(name) ? this.asOwn(value) : value]
    })
  }

  asOwn(text: string): string {
    return text.replaceAll(this.#foreign, this.#own)
  }
}

function fields(raw: readonly string[]): readonly (readonly [name: string, value: string])[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    raw[2 * index] ?? '',
    raw[2 * index + 1] ?? '',
  ])
}

function quoted(host: string): string {
  return host.replaceAll(/[.[\]]/g, String.raw`\$&`)
}
