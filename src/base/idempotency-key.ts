// The Idempotency-Key field of a request (draft-ietf-httpapi-idempotency-key-header-07 section 2.1). Balancer and library
// take the same keys for usable: what the one repeats, the other never refuses for its spelling.

export const idempotencyKeyHeader = 'idempotency-key'

/** In characters, quotes and escapes not counted. */
export const longestKey = 255

const quotedKey = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/
const bareKey = /^[\w!#$%&'*+\-.^`|~:/=]+$/

/**
 * The key in a field value: a string of RFC 9651 section 3.3.3, or the bare word that older clients send, which is the same key.
 * Undefined when it is neither, blank, too long, has parameters, or came twice (node joins the two with a comma).
 */
export function readKey(field: string): string | undefined {
  const value = field.trim()
  const quoted = quotedKey.exec(value)?.[1]
  const key = quoted?.replaceAll(/\\(.)/g, '$1') ?? (bareKey.test(value) ? value : '')
  return key.trim() === '' || key.length > longestKey ? undefined : key
}
