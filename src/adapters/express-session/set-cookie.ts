// Writes the Set-Cookie line of a session, with the attributes and the refusals of express-session's own.

/** What a session's cookie carries to the browser, as an app may have set it. */
export interface CookieAttributes {
  readonly domain?: string | undefined
  readonly path?: string | undefined
  readonly expires?: Date | false | null | undefined
  readonly httpOnly?: boolean | undefined
  readonly secure?: boolean | 'auto' | undefined
  readonly partitioned?: boolean | undefined
  readonly priority?: 'low' | 'medium' | 'high' | undefined
  readonly sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
}

/** A token (RFC 9110 section 5.6.2). */
const namePattern = /^[\w!#$%&'*+.^`|~-]+$/
const domainPattern = /^\.?[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i
/** Printable ASCII without a semicolon (RFC 6265bis section 4.1.1). */
const pathPattern = /^[\u0020-\u003a\u003c-\u007e]*$/

const priorities: Readonly<Record<string, string>> = { low: 'Low', medium: 'Medium', high: 'High' }
const sameSites: Readonly<Record<string, string>> = {
  true: 'Strict',
  strict: 'Strict',
  lax: 'Lax',
  none: 'None',
}

/** Throws a TypeError that names the attribute which a browser could not read, in the words of express-session. */
export function setCookieLine(name: string, value: string, attributes: CookieAttributes): string {
  if (!namePattern.test(name)) throw new TypeError('argument name is invalid')
  const { domain, path, expires, httpOnly, secure, partitioned, priority, sameSite } = attributes
  const words = [
    `${name}=${encodeURIComponent(value)}`,
    domain && `Domain=${checked('domain', domain, domainPattern)}`,
    path && `Path=${checked('path', path, pathPattern)}`,
    expires && `Expires=${utcTime(expires)}`,
    httpOnly && 'HttpOnly',
    secure && 'Secure',
    partitioned && 'Partitioned',
    priority && `Priority=${listed('priority', priority, priorities)}`,
    sameSite && `SameSite=${listed('sameSite', sameSite, sameSites)}`,
  ]
  return words.filter(Boolean).join('; ')
}

function checked(attribute: string, text: string, pattern: RegExp): string {
  if (!pattern.test(text)) throw invalid(attribute)
  return text
}

function utcTime(date: unknown): string {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toUTCString()
  throw invalid('expires')
}

function listed(attribute: string, value: unknown, words: Readonly<Record<string, string>>): string {
  const word = words[String(value).toLowerCase()]
  if (word === undefined) throw invalid(attribute)
  return word
}

function invalid(attribute: string): TypeError {
  return new TypeError(`option ${attribute} is invalid`)
}
