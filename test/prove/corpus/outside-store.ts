// The database that specimens share: a process of its own as far as they can tell, spoken to over HTTP. Every first segment of a path is a
// database apart, so that runs do not meet.
//   GET /run/key            its JSON, or 404 and null
//   PUT /run/key            stores JSON
//   DELETE /run/key         404 when it was not there; DELETE /run empties that database
//   POST /run/key?op=…      incr: the number, one higher · push: the list, one longer · add: whether it was not there before
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from '../../support/free-port.ts'

export interface OutsideStore {
  /** Of a database nobody else uses, without a slash at the end. */
  database(name: string): string
  close(): void
}

export async function openOutsideStore(): Promise<OutsideStore> {
  const values = new Map<string, unknown>()
  const server = createServer((request, response) => {
    void answer(values, request).then(({ status, value }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    })
  })
  const port = await listen(server)
  return {
    database: (name) => `http://127.0.0.1:${port}/${encodeURIComponent(name)}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Answer {
  readonly status: number
  readonly value: unknown
}

async function answer(values: Map<string, unknown>, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const key = url.pathname
  const body = await text(request)
  const value: unknown = body === '' ? undefined : JSON.parse(body)
  if (request.method === 'GET')
    return values.has(key) ? { status: 200, value: values.get(key) } : { status: 404, value: null }
  if (request.method === 'PUT') values.set(key, value)
  if (request.method === 'DELETE') return { status: remove(values, key) ? 200 : 404, value: null }
  if (request.method !== 'POST') return { status: 200, value: null }
  return { status: 200, value: change(values, key, url.searchParams.get('op'), value) }
}

function change(values: Map<string, unknown>, key: string, op: string | null, value: unknown): unknown {
  const before = values.get(key)
  if (op === 'add') {
    if (before === undefined) values.set(key, value)
    return before === undefined
  }
  const after = op === 'incr' ? Number(before ?? 0) + 1 : [...(Array.isArray(before) ? before : []), value]
  values.set(key, after)
  return after
}

function remove(values: Map<string, unknown>, key: string): boolean {
  if (key.lastIndexOf('/') > 0) return values.delete(key)
  for (const other of values.keys()) if (other.startsWith(`${key}/`)) values.delete(other)
  return true
}
