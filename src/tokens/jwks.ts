// The answer with the public keys (RFC 7517 section 5), cacheable for as long as no key can be missed.
import { hash } from 'node:crypto'
import type { JWK } from 'jose'

export interface JwksAnswer {
  readonly status: 200
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A new key is published for `propagationMs` before it signs: whoever caches for half of that has it in time, and still has half for
 * trying again. While the issuer is down, the keys that a cache has are as good as ever.
 */
export function jwksAnswer(keys: readonly JWK[], propagationMs: number): JwksAnswer {
  const body = JSON.stringify({ keys })
  const freshS = Math.floor(propagationMs / 2_000)
  return {
    status: 200,
    headers: {
      'content-type': 'application/jwk-set+json',
      'cache-control': `public, max-age=${freshS}, stale-while-revalidate=${freshS}, stale-if-error=86400`,
      etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"`,
      // Anybody may read what is public, also a page of another site.
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    },
    body,
  }
}
