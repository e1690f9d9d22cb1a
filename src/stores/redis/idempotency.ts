// The IdempotencyStore port on Redis: one script each, so each call is atomic.
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import type { InjectedRedisClient } from './commands.ts'
import { readOptions } from './options.ts'
import { PlainLink } from './plain-link.ts'
import type { PlainRedisOptions } from './plain-link.ts'
import { textsOf } from './reply.ts'
import { unavailable } from '../unavailable.ts'
import { readScript } from './script.ts'
import type { Script } from './script.ts'

const scripts = {
  reserve: readScript('idempotency-reserve'),
  complete: readScript('idempotency-complete'),
  renew: readScript('idempotency-renew'),
  release: readScript('idempotency-release'),
} satisfies Readonly<Record<string, Script>>

/** What every key begins with, unless `keyPrefix` says otherwise. */
const defaultKeyPrefix = 'drover:idempotency:'

/**
 * Idempotency keys in Redis 6.2 or newer: one server, a primary under Sentinels, a Cluster, or a client that somebody else made,
 * as `redisSessionStore` takes them. Where there are replicas, one of them has each reservation and each answer before it
 * counts, so that a failover runs nothing twice; a server that is restarted without persistence forgets them, and one that may evict
 * keys (`maxmemory-policy` other than `noeviction`) does too.
 */
export function redisIdempotencyStore(
  urlOrClient: string | InjectedRedisClient,
  options: PlainRedisOptions = {},
): IdempotencyStore {
  const settings = readOptions({ keyPrefix: defaultKeyPrefix, ...options })
  return new RedisIdempotencyStore(new PlainLink(urlOrClient, settings))
}

class RedisIdempotencyStore implements IdempotencyStore {
  readonly #link: PlainLink

  constructor(link: PlainLink) {
    this.#link = link
  }

  async reserve(reservation: Reservation): Promise<ReserveOutcome> {
    const { key, fingerprint, owner, token, leaseMs, retentionMs, deadOwner = '' } = reservation
    const doing = 'reserve the idempotency key'
    const durations = [String(leaseMs), String(retentionMs)]
    const values = [this.#link.now(), fingerprint, owner, token, ...durations, deadOwner]
    const outcome = outcomeOf(await this.#link.runConfirmed(doing, scripts.reserve, key, values))
    if (outcome === undefined) throw unavailable(doing, 'the script answered something else')
    return outcome
  }

  async complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean> {
    const values = [this.#link.now(), token, response, String(retentionMs)]
    return Number(await this.#link.runConfirmed('record the response', scripts.complete, key, values)) === 1
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const doing = 'renew the lease of the idempotency key'
    const values = [this.#link.now(), token, String(leaseMs)]
    return Number(await this.#link.run(doing, scripts.renew, key, values)) === 1
  }

  async release(key: string, token: string): Promise<void> {
    await this.#link.run('release the idempotency key', scripts.release, key, [token])
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}

function outcomeOf(reply: unknown): ReserveOutcome | undefined {
  const [status, value] = textsOf(reply)
  switch (status) {
    case 'reserved':
    case 'mismatch':
      return { status }
    case 'running':
      return { status, leftMs: Number(value) }
    case 'done':
      return { status, response: value ?? '' }
    default:
      return undefined
  }
}
