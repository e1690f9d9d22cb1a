// What a key belongs to, and what was asked for under it, as short texts that tell nothing.
import { createHash } from 'node:crypto'

export interface KeyScope {
  /** Whose request it is. Nobody gets the answer that somebody else's key recorded. */
  readonly principal: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly key: string
}

/** The key of an entry in a store. */
export function entryKey({ principal, method, path, key }: KeyScope): string {
  return digest('drover idempotency key', principal, method, path, key)
}

/** Of the query and the body: a key that comes back with others asks for something else. */
export function fingerprintOf(query: string, body: string | Uint8Array): string {
  return digest('drover idempotency request', query, body)
}

/** Each part with its length before it, so that no two lists of parts are one text. */
function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)} `).update(part)
  return hash.digest('base64url')
}

/**
 * A parsed body as text that is the same for every order of an object's fields: a client that sends a request again may write
 * them in another. Bytes and texts stand for themselves; a value without JSON (undefined, a function) is the empty text.
 */
export function bodyText(body: unknown): string | Uint8Array {
  if (body instanceof Uint8Array || typeof body === 'string') return body
  const text: string | undefined = JSON.stringify(body, sorted)
  return text ?? ''
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  // fromEntries defines, so that a field "__proto__" is a field.
  return Object.fromEntries(entries)
}
