// connect-redis as the pains suite sets it up, and what an app has to do itself to end all sessions of a principal.
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import { createClient, createCluster } from 'redis'
import type { Kept } from '../pains/app.ts'
import { painSettings } from '../pains/settings.ts'

declare module 'express-session' {
  interface SessionData extends Kept {
    principal?: string
  }
}

declare module 'fastify' {
  interface Session extends Kept {
    principal?: string
  }
}

export async function connectStore(): Promise<RedisStore | undefined> {
  const { store } = painSettings
  if (store === undefined) return undefined
  const url = store.replace('redis-cluster:', 'redis:')
  if (url !== store) {
    const cluster = createCluster({ rootNodes: [{ url }] })
    cluster.on('error', () => undefined)
    await cluster.connect()
    return new RedisStore({ client: cluster })
  }
  const client = createClient({ url })
  // Without a listener, a lost connection would end the process.
  client.on('error', () => undefined)
  await client.connect()
  return new RedisStore({ client })
}

/** There is no index of principals: every session there is must be read. */
export function revokerOf(store: RedisStore): (principal: string) => Promise<void> {
  return async (principal) => {
    const found = await new Promise<readonly (SessionData & { id: string })[]>((resolve, reject) => {
      store
        .all((error: unknown, all: readonly (SessionData & { id: string })[]) => {
          if (error instanceof Error) reject(error)
          else resolve(all)
        })
        .catch(reject)
    })
    for (const { id } of found.filter((session) => session.principal === principal)) await store.destroy(id)
  }
}

/** A function that calls back, as a promise. */
export function callback(act: (done: (error: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => {
      if (error instanceof Error) reject(error)
      else resolve()
    })
  })
}
