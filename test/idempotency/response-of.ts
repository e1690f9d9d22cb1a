// The suite's answers as a Response.
import { encoded } from '../adapters/fetch-mount.ts'
import type { AppAnswer } from './app.ts'

export function responseOf({ status, headers = {}, body }: AppAnswer): Response {
  const isEmpty = status === 204
  const stream = typeof body === 'object' ? ReadableStream.from(encoded(body)) : body
  const fields = Object.entries(headers).flatMap(([name, value]) => {
    const values = typeof value === 'string' ? [value] : value
    return values.map((one): [string, string] => [name, one])
  })
  return new Response(isEmpty ? null : stream, { status, headers: fields })
}
