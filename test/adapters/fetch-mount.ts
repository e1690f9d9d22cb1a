// What fetch-style handlers of the suite's app share: a Response, and what a proxy tells of its client.
import type { HttpBindings } from '@hono/node-server'
import type { FetchOptions } from '../../src/adapters/fetch.ts'
import type { Chunks, Reply } from './adapter.ts'

type FromNode = readonly [node: HttpBindings]

export const direct: FetchOptions<FromNode> = { ip: (_request, node) => node.incoming.socket.remoteAddress }

export const trusting: FetchOptions<FromNode> = {
  ip: (request) => request.headers.get('x-forwarded-for') ?? undefined,
  encrypted: (request) => request.headers.get('x-forwarded-proto') === 'https',
}

export function responseOf(url: string, reply: Reply | undefined): Response {
  const { status = 200, headers = {}, cookies = [], body, redirect } = reply ?? {}
  // Its headers are immutable.
  if (redirect !== undefined) return Response.redirect(new URL(redirect, url), 302)
  const response = new Response(bodyOf(status, body), { status, headers: { ...headers } })
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}

function bodyOf(status: number, body: string | Chunks | undefined) {
  if (status === 204 || status === 304) return null
  return typeof body === 'object' ? ReadableStream.from(encoded(body)) : (body ?? null)
}

export async function* encoded(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const chunk of chunks) yield encoder.encode(chunk)
}
