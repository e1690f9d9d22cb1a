// The balancer's own answer where an exchange has none to give: as text for HTTP/1.1.
import { STATUS_CODES } from 'node:http'

/** A whole response after which the connection ends, in latin1. */
export function errorResponse(status: number, why: string): string {
  const body = `${status} ${why}\n`
  const retry = status === 503 ? 'Retry-After: 1\r\n' : ''
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n${retry}Connection: close\r\n\r\n${body}`
  )
}
