// The suite's answers as a Response.
import type { AppAnswer } from './app.ts'

export function responseOf({ status, headers = {}, body }: AppAnswer): Response {
  const isEmpty = status === 204
  const stream = typeof body === 'object' ? ReadableStream.from(encoded(body)) : body
  return new Response(isEmpty ? null : stream, { status, headers: { ...headers } })
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const piece of pieces) yield encoder.encode(piece)
}
