// Requests with an Idempotency-Key: who sends one again gets the answer of the first, from whichever server.
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { expressIdempotency } from 'drover/express'
import { idempotency, type IdempotencyStore } from 'drover/idempotency'
import { memoryIdempotencyStore } from 'drover/memory'
import { postgresIdempotencyStore } from 'drover/postgres'
import { redisIdempotencyStore } from 'drover/redis'
import { sqliteIdempotencyStore } from 'drover/sqlite'

export interface Keyed {
  /** Goes before the handler of a route, and after the session and the parser of the body. */
  readonly route: RequestHandler
  readonly close: () => Promise<void>
}

/** Keeps keys and answers in the store at `url`, which is that of the sessions. */
export function keyedRoutes(url: string): Keyed {
  const store = storeAt(url)
  const route = expressIdempotency(idempotency({ store }), {
    // A visitor without a session has nothing that could change twice: what a lost answer had begun, nobody comes back to.
    principal: async ({ session }) => (await session.handle()) ?? randomUUID(),
    // What the parser did not know is no body to the shop either.
    body: ({ body }) => JSON.stringify(body ?? null),
  })
  return { route, close: () => store.close() }
}

function storeAt(url: string): IdempotencyStore {
  if (url === 'memory:') return memoryIdempotencyStore()
  if (url.startsWith('sqlite:')) return sqliteIdempotencyStore(url.slice('sqlite:'.length))
  if (/^postgres(ql)?:/.test(url)) return postgresIdempotencyStore(url)
  return redisIdempotencyStore(url)
}
