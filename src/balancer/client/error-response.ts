// The balancer's own answer to a request that no instance answers.
import { STATUS_CODES } from 'node:http'
import type { ResponseHead } from '../upstream/response-reader.ts'
import { writeHead } from './response-head.ts'

/** A short text that says why, and when to come again where that is known. */
export function errorAnswer(
  status: number,
  why: string,
  retryAfterS?: number,
): { readonly head: ResponseHead; readonly body: Buffer } {
  const body = Buffer.from(`${status} ${why}\n`)
  const rawHeaders = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
  rawHeaders.push('Cache-Control', 'no-store')
  if (retryAfterS !== undefined) rawHeaders.push('Retry-After', String(retryAfterS))
  return { head: { status, reason: STATUS_CODES[status] ?? '', rawHeaders, keepAlive: true }, body }
}

/** The same as a whole response of HTTP/1.1 after which the connection ends, in latin1. */
export function errorResponse(status: number, why: string): string {
  const { head, body } = errorAnswer(status, why, status === 503 ? 1 : undefined)
  const fields = [...head.rawHeaders, 'Connection', 'close']
  return writeHead(status, head.reason, fields) + body.toString('latin1')
}
