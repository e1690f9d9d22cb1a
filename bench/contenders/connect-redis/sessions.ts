// Sessions as express-session and connect-redis keep them, without an app around them.
import { randomBytes } from 'node:crypto'
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import { createClient } from 'redis'
import { sample, signedInFrom } from '../../session-sample.ts'
import type { Stage } from '../../stage.ts'
import type { SessionKeeper } from '../../store-load.ts'

const maxAgeMs = 86_400_000

export async function openConnectRedis(stage: Stage, url: string): Promise<SessionKeeper> {
  const client = createClient({ url })
  await client.connect()
  stage.onClear(() => {
    client.destroy()
    return Promise.resolve()
  })
  const store = new RedisStore({ client })
  return {
    put: async (principal) => {
      // As express-session makes ids: 24 random bytes.
      const id = randomBytes(24).toString('base64url')
      await store.set(id, sessionOf(principal))
      return id
    },
    has: async (id) => (await store.get(id)) !== null,
    revokeAll: (principal) => revokeAll(store, client, principal),
  }
}

type Stored = SessionData & ReturnType<typeof sample> & Partial<typeof signedInFrom> & { principal?: string }

function sessionOf(principal: string | undefined): Stored {
  const cookie = {
    originalMaxAge: maxAgeMs,
    expires: new Date(Date.now() + maxAgeMs),
    httpOnly: true,
    path: '/',
  }
  return { cookie, ...(principal === undefined ? {} : { principal, ...signedInFrom }), ...sample() }
}

/** There is no index: every session is read, a page at a time, as an app with many of them has to. */
async function revokeAll(
  store: RedisStore,
  client: {
    mGet(keys: string[]): Promise<(string | null)[]>
    scanIterator(options: object): AsyncIterable<string[]>
  },
  principal: string,
): Promise<void> {
  for await (const keys of client.scanIterator({ MATCH: 'sess:*', COUNT: 1_000 })) {
    if (keys.length === 0) continue
    const texts = await client.mGet(keys)
    for (const [index, text] of texts.entries()) {
      const session: unknown = JSON.parse(text ?? '{}')
      if (Reflect.get(Object(session), 'principal') !== principal) continue
      await store.destroy((keys[index] ?? '').slice('sess:'.length))
    }
  }
}
