// The balancer's own answer to a request that no instance answers.
import { STATUS_CODES } from 'node:http'
import { retryAfterS } from '../choosing/parking.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

/** A short text that says why; 503 says when to come again. `random` answers within [0, 1). */
export function refusal(
  status: number,
  why: string,
  random: () => number,
): { readonly head: ResponseHead; readonly body: Buffer } {
  const body = Buffer.from(`${status} ${why}\n`)
  const rawHeaders = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
  rawHeaders.push('Cache-Control', 'no-store')
  if (status === 503) rawHeaders.push('Retry-After', String(retryAfterS(random)))
  return { head: { status, reason: STATUS_CODES[status] ?? '', rawHeaders, keepAlive: true }, body }
}
