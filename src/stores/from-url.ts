// Turns the address of a store into the store, and loads only the backend that it names.
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { hasMethods } from '../base/methods.ts'
import { deferredStore } from '../session/deferred-store.ts'
import type { SessionStore } from '../session/store.ts'
import { memorySessionStore } from './memory/index.ts'

/** Where sessions rest unless an app or its environment says otherwise. */
export const defaultStoreUrl = 'sqlite:.drover/sessions.db'

type Opener = (url: string, clock: Clock) => Promise<SessionStore>

const openers: readonly (readonly [RegExp, Opener])[] = [
  [/^sqlite:(?!:memory:$)./, openSqlite],
  [/^rediss?(?:-sentinel|-cluster)?:\/\/./, openRedis],
  [/^postgres(?:ql)?:\/\/./, openPostgres],
]

const memoryUrl = 'memory:'

/** A store as an option gives it: an address or a SessionStore. Throws OPTION_INVALID for anything else. */
export function readStore(store: unknown, clock: Clock): SessionStore {
  if (isSessionStore(store)) return store
  if (typeof store === 'string') return storeFromUrl(store, clock)
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use store ${describeStore(store)}: wanted an address such as "redis://HOST:PORT", or a SessionStore`,
  )
}

const storeMethods = [
  'load',
  'create',
  'save',
  'replace',
  'touch',
  'delete',
  'list',
  'revokeAll',
  'close',
] as const

function isSessionStore(store: unknown): store is SessionStore {
  return hasMethods(store, storeMethods)
}

/**
 * The store at an address: `sqlite:PATH` (one machine), `redis[s]://…`, `redis[s]-sentinel://…`, `redis[s]-cluster://…`,
 * `postgres://…`, or `memory:` (one process, refused where several instances could run). Opened by its first use.
 * Throws OPTION_INVALID for anything else, without showing a password.
 */
export function storeFromUrl(url: string, clock: Clock): SessionStore {
  if (url === memoryUrl) return memorySessionStore({ clock })
  const opener = openers.find(([pattern]) => pattern.test(url))?.[1]
  if (opener !== undefined) return deferredStore(() => opener(url, clock))
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use store ${describeStore(url)}: wanted "sqlite:PATH", "redis://HOST:PORT" (or rediss, redis-sentinel, redis-cluster), ` +
      '"postgres://HOST/DATABASE", "memory:" or a SessionStore',
  )
}

/** A URL may hold a password, and errors are logged. */
function describeStore(store: unknown): string {
  if (typeof store !== 'string') return `of type ${store === null ? 'null' : typeof store}`
  return JSON.stringify(store.replace(/\/\/[^/]*@/, '//***@'))
}

async function openSqlite(url: string, clock: Clock): Promise<SessionStore> {
  const { sqliteSessionStore } = await import('./sqlite/index.ts')
  return sqliteSessionStore(url.slice('sqlite:'.length), { clock })
}

async function openRedis(url: string, clock: Clock): Promise<SessionStore> {
  const { redisSessionStore } = await import('./redis/index.ts')
  return redisSessionStore(url, { clock })
}

async function openPostgres(url: string, clock: Clock): Promise<SessionStore> {
  const { postgresSessionStore } = await import('./postgres/index.ts')
  return postgresSessionStore(url, { clock })
}
