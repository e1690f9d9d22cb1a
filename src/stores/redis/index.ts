// The Redis store: sessions on Redis 6.2 or newer, or what speaks its protocol, shared by any machines. One server, a
// primary under Sentinels, a Cluster, or a client that somebody else made.
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore, TextStore } from '../../session/store.ts'
import { readAddress } from './address.ts'
import type { InjectedRedisClient } from './commands.ts'
import type { NearCacheLimits } from './defaults.ts'
import { isSentinelClient } from './injected-commands.ts'
import { InjectedLink } from './injected-link.ts'
import { KeyNames } from './keys.ts'
import type { RedisLink, TrackingLink } from './link.ts'
import { LiveRedisStore } from './live-store.ts'
import type { Caching, Watching } from './live-store.ts'
import { NearCache } from './near-cache.ts'
import { linkOpener } from './open-link.ts'
import type { LinkPurpose } from './open-link.ts'
import { noNearCache, readOptions } from './options.ts'
import type { RedisSettings, RedisStoreOptions } from './options.ts'
import { Pulse } from './pulse.ts'
import { RedisSessionStore } from './store.ts'
import { SessionWatches } from './watch.ts'

export type { InjectedRedisClient } from './commands.ts'
export type { NearCacheLimits } from './defaults.ts'
export { redisIdempotencyStore } from './idempotency.ts'
export { redisLeaseStore } from './lease.ts'
export type { RedisStoreOptions } from './options.ts'
export { redisTokenStore } from './tokens.ts'
export type { PlainRedisOptions } from './plain-link.ts'

/** What `redisSessionStore` gives. */
export type RedisStore = SessionStore & WatchingStore & RateCounter & TextStore

/**
 * Sessions in Redis. Where it is:
 *
 * - `redis://[[user]:password@]host[:port][/database]`: one server.
 * - `redis-sentinel://[[user]:password@]host[:port],host[:port],…/primary-name[/database]`: the primary that these Sentinels
 *   name (default port 26379). It is followed through failovers.
 * - `redis-cluster://[[user]:password@]host[:port],host[:port],…`: the Cluster that these nodes belong to.
 * - `rediss://`, `rediss-sentinel://` and `rediss-cluster://`: the same over TLS, to Sentinels too.
 * - a connected client of the `redis` package (node-redis 6: createClient, createSentinel or createCluster), which stays
 *   its owner's to connect and to close. It must read from primaries only, and have no offline queue; and createSentinel
 *   repeats writes by itself, which may be done twice then, unless its `maxCommandRediscovers` is 0. Prefer a URL.
 *
 * User, password and names are percent-encoded. Returns at once and connects on first use. Throws OPTION_INVALID for a URL
 * or an option that is not one; no message shows a URL. The first use rejects with PEER_MISSING when a URL is given and the
 * package `redis` is not installed. A server that cannot be reached, hangs or answers an error is STORE_UNAVAILABLE (cause
 * kept) within `operationTimeoutMs`, never a crash; the store finds it, or its successor, again by itself. Commands are
 * never queued for later and never sent twice. Times are milliseconds; defaults stand in defaults.ts.
 */
export function redisSessionStore(
  urlOrClient: string | InjectedRedisClient,
  options: RedisStoreOptions = {},
): RedisStore {
  const settings = readOptions(options)
  return typeof urlOrClient === 'string'
    ? ownedStore(urlOrClient, settings)
    : injectedStore(urlOrClient, settings)
}

function ownedStore(url: string, settings: RedisSettings): RedisStore {
  const address = readAddress(url)
  const replicas = settings.waitForReplicas ?? (address.kind === 'single' ? 0 : 1)
  const open = linkOpener({ ...settings, address })
  const plain: LinkPurpose = { isTracking: false, isUnrefed: false }
  const link = open({ ...plain, isTracking: settings.nearCache !== undefined })
  return new LiveRedisStore({
    ...settings,
    link,
    replicas,
    ...(replicas === 0 ? {} : { confirmingLink: open(plain) }),
    caching: settings.nearCache === undefined ? undefined : openCaching(link, settings.nearCache, settings),
    openWatching: () => openWatching(open({ isTracking: true, isUnrefed: true }), settings),
  })
}

function injectedStore(client: InjectedRedisClient, settings: RedisSettings): RedisStore {
  if (settings.nearCache !== undefined) throw noNearCache()
  const link = new InjectedLink(client, settings.limits)
  const replicas = settings.waitForReplicas ?? (link.isCluster || isSentinelClient(client) ? 1 : 0)
  const openPolling = () => polling(new InjectedLink(client, settings.limits), settings)
  return new LiveRedisStore({ ...settings, link, replicas, caching: undefined, openWatching: openPolling })
}

function openCaching(link: TrackingLink, limits: NearCacheLimits, settings: RedisSettings): Caching {
  const { clock, keyPrefix } = settings
  const cache = new NearCache({ limits, names: new KeyNames(keyPrefix), clock })
  link.observe(cache)
  const pulse = new Pulse(link, settings.limits.heartbeatIntervalMs)
  return { cache, close: () => pulse.stop() }
}

/** On a connection of its own, so that the server remembers what is watched and not all that is read. */
function openWatching(link: TrackingLink, settings: RedisSettings): Watching {
  const watches = watchesOf(link, settings, undefined)
  link.observe(watches)
  const pulse = new Pulse(link, settings.limits.heartbeatIntervalMs)
  return { watches, close: () => closeWatching(watches, link, pulse) }
}

function polling(link: InjectedLink, settings: RedisSettings): Watching {
  const watches = watchesOf(link, settings, settings.limits.watchIntervalMs)
  return { watches, close: () => closeWatching(watches, link) }
}

function watchesOf(
  link: RedisLink,
  settings: RedisSettings,
  pollIntervalMs: number | undefined,
): SessionWatches {
  const store = new RedisSessionStore({ ...settings, link })
  const names = new KeyNames(settings.keyPrefix)
  return new SessionWatches({ ...settings, names, pollIntervalMs, load: (key) => store.load(key) })
}

async function closeWatching(watches: SessionWatches, link: RedisLink, pulse?: Pulse): Promise<void> {
  pulse?.stop()
  watches.close()
  await link.close()
}
