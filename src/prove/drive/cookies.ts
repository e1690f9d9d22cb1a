// The cookies of one client (RFC 6265). There is one site: Domain is not looked at and Secure not asked for, since a proof speaks plain
// HTTP to 127.0.0.1 in the name of the site.

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
  /** Milliseconds since the epoch; Infinity for one that lasts as long as the browser. */
  readonly expiresAtMs: number
}

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  /** Takes in what an answer to `requestPath` set at `nowMs`. */
  store(setCookies: readonly string[], requestPath: string, nowMs: number): void {
    for (const line of setCookies) {
      const cookie = parseSetCookie(line, requestPath, nowMs)
      if (cookie === undefined) continue
      const key = `${cookie.name};${cookie.path}`
      if (cookie.expiresAtMs <= nowMs) this.#cookies.delete(key)
      else this.#cookies.set(key, cookie)
    }
  }

  /** The Cookie field for a request, longest path first (section 5.4); undefined for none. `own`: what the flow itself sends, which stays. */
  header(requestPath: string, nowMs: number, own?: string): string | undefined {
    const path = requestPath.split('?')[0] ?? '/'
    const ownNames = new Set((own ?? '').split(';').map((pair) => pair.split('=')[0]?.trim()))
    const fitting = [...this.#cookies.values()]
      .filter((cookie) => cookie.expiresAtMs > nowMs && pathMatches(path, cookie.path))
      .filter(({ name }) => !ownNames.has(name))
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
    const all = own === undefined || own.trim() === '' ? fitting : [own, ...fitting]
    return all.length === 0 ? undefined : all.join('; ')
  }
}

/** The parts of a Set-Cookie field; attribute names in lower case. Undefined where there is no cookie in it. */
export function splitSetCookie(
  line: string,
):
  | { readonly name: string; readonly value: string; readonly attributes: ReadonlyMap<string, string> }
  | undefined {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  const value = pair.slice(equals + 1).trim()
  if (name === '' && value === '') return undefined
  const attributes = rest.map((part): [string, string] => {
    const [key = '', ...of] = part.split('=')
    return [key.trim().toLowerCase(), of.join('=').trim()]
  })
  return { name, value, attributes: new Map(attributes) }
}

function parseSetCookie(line: string, requestPath: string, nowMs: number): Cookie | undefined {
  const parts = splitSetCookie(line)
  if (parts === undefined) return undefined
  const path = parts.attributes.get('path') ?? ''
  return {
    name: parts.name,
    value: parts.value,
    path: path.startsWith('/') ? path : defaultPath(requestPath),
    expiresAtMs: expiry(parts.attributes, nowMs),
  }
}

/** Max-Age before Expires (section 5.3, step 3). */
function expiry(attributes: ReadonlyMap<string, string>, nowMs: number): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return nowMs + Number(maxAge) * 1000
  const expires = Date.parse((attributes.get('expires') ?? '').replaceAll(/(\d)-(\w{3})-(\d)/g, '$1 $2 $3'))
  return Number.isNaN(expires) ? Infinity : expires
}

/** Section 5.1.4. */
function defaultPath(requestPath: string): string {
  const path = requestPath.split('?')[0] ?? ''
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/')
}
