// What caches may do with an answer that depends on a session: keep it for that visitor at most (RFC 9111). Pure.

/** Headers of one answer, several of one name joined by commas. */
export interface CacheHeaders {
  readonly cacheControl: string | undefined
  readonly vary: string | undefined
}

export interface PrivateCacheHeaders {
  readonly cacheControl: string
  readonly vary: string
}

/**
 * Headers that some shared caches obey instead of Cache-Control (RFC 9213), so that it would protect nothing. An answer
 * that depends on a session goes without them.
 */
export const sharedCacheHeaders: readonly string[] = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'netlify-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
]

/**
 * The app's own headers, changed only as far as they let a shared cache store the answer. An answer that hands out a
 * session's cookie is not even for the browser's cache, unless the app says otherwise.
 */
export function privateCacheHeaders(given: CacheHeaders, setsCookie: boolean): PrivateCacheHeaders {
  return { cacheControl: cacheControlOf(given.cacheControl, setsCookie), vary: varyOf(given.vary) }
}

/** Ends at a comma, but for one inside quotes, as in `no-cache="set-cookie, etag"`. */
const directivePattern = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g

/** Directives that invite a shared cache. `private` with a list of fields invites it to store the others. */
const invitation = /^(?:public|s-maxage *=.*|private *=.*)$/i

function cacheControlOf(given: string | undefined, setsCookie: boolean): string {
  const directives = (given?.match(directivePattern) ?? []).map((text) => text.trim()).filter(Boolean)
  if (directives.length === 0) return setsCookie ? 'no-store' : 'private, no-cache'
  const kept = directives.filter((text) => !invitation.test(text))
  const names = new Set(kept.map((text) => text.toLowerCase()))
  // A cache that heeds must-understand ignores no-store (RFC 9111 section 5.2.2.3).
  const isKeptOut = names.has('private') || (names.has('no-store') && !names.has('must-understand'))
  // In front, where an app's unclosed quote cannot swallow it.
  return (isKeptOut ? kept : ['private', ...kept]).join(', ')
}

function varyOf(given: string | undefined): string {
  if (given === undefined || given.trim() === '') return 'Cookie'
  const names = new Set(given.split(',').map((name) => name.trim().toLowerCase()))
  return names.has('*') || names.has('cookie') ? given : `${given}, Cookie`
}
