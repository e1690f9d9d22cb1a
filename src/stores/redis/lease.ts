// The LeaseStore port on Redis: one script each, so each call is atomic.
import type { AcquireOutcome, LeaseStore } from '../../lease/store.ts'
import { unavailable } from '../unavailable.ts'
import type { InjectedRedisClient } from './commands.ts'
import { readOptions } from './options.ts'
import { PlainLink } from './plain-link.ts'
import type { PlainRedisOptions } from './plain-link.ts'
import { textsOf } from './reply.ts'
import { readScript } from './script.ts'
import type { Script } from './script.ts'

const scripts = {
  acquire: readScript('lease-acquire'),
  renew: readScript('lease-renew'),
  release: readScript('lease-release'),
} satisfies Readonly<Record<string, Script>>

/** What every key begins with, unless `keyPrefix` says otherwise. */
const defaultKeyPrefix = 'drover:lease:'

/**
 * Leases in Redis, reached as `redisSessionStore` takes it. A server that is restarted without persistence, or evicts keys, forgets
 * leases and their fences; where there are replicas, one has each acquisition before it counts.
 */
export function redisLeaseStore(
  urlOrClient: string | InjectedRedisClient,
  options: PlainRedisOptions = {},
): LeaseStore {
  const settings = readOptions({ keyPrefix: defaultKeyPrefix, ...options })
  return new RedisLeaseStore(new PlainLink(urlOrClient, settings))
}

class RedisLeaseStore implements LeaseStore {
  readonly #link: PlainLink

  constructor(link: PlainLink) {
    this.#link = link
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<AcquireOutcome> {
    const doing = `acquire the lease "${name}"`
    const values = [this.#link.now(), holder, String(ttlMs)]
    const reply = await this.#link.runConfirmed(doing, scripts.acquire, name, values)
    const [status, value] = textsOf(reply)
    if (status === 'acquired') return { status, fence: Number(value) }
    if (status === 'held') return { status, leftMs: Number(value) }
    throw unavailable(doing, 'the script answered something else')
  }

  async renew(name: string, holder: string, ttlMs: number): Promise<boolean> {
    const values = [this.#link.now(), holder, String(ttlMs)]
    return Number(await this.#link.run(`renew the lease "${name}"`, scripts.renew, name, values)) === 1
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#link.run(`release the lease "${name}"`, scripts.release, name, [holder])
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}
