// One name for all instances. Behind a balancer a visitor sees one site; here each instance has a port of its own, which apps write
// into links and greetings. So every instance is asked in the site's name, and its own address in an answer is read as the site's.

export interface Site {
  /** Host and port, such as localhost:3000: what every request's Host field says. */
  readonly host: string
}

/** Ports below this are too common as numbers to be taken for a port wherever they stand. */
const smallestBarePort = 10_000

export class Address {
  readonly #patterns: readonly (readonly [RegExp, string])[]

  /** `origin` of the instance, and the ports the app itself knows it by. */
  constructor(site: Site, origin: string, ports: readonly number[]) {
    const { hostname } = new URL(origin)
    const sitePort = site.host.split(':')[1] ?? '80'
    const all = [...new Set([Number(new URL(origin).port), ...ports])].filter((port) => port > 0)
    const names = ['127.0.0.1', 'localhost', '0.0.0.0', '[::1]', '[::]', hostname]
    const hosts = [...new Set(names)].map((name) => name.replaceAll(/[.[\]]/g, String.raw`\$&`)).join('|')
    this.#patterns = all.flatMap((port) => {
      const pairs: (readonly [RegExp, string])[] = [
        [new RegExp(`(?:${hosts}):${port}(?!\\d)`, 'g'), site.host],
      ]
      if (port >= smallestBarePort && String(port) !== sitePort)
        pairs.push([new RegExp(`(?<![\\d.])${port}(?![\\d]|\\.\\d)`, 'g'), sitePort])
      return pairs
    })
  }

  /** The text with the instance's own address and port replaced by the site's. */
  asSite(text: string): string {
    return this.#patterns.reduce((so, [pattern, name]) => so.replaceAll(pattern, name), text)
  }
}
