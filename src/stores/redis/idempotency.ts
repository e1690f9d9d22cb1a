// The IdempotencyStore port on Redis: one script each, so each call is atomic.
import type { Clock } from '../../base/clock.ts'
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import { timeText } from './calls.ts'
import type { InjectedRedisClient } from './commands.ts'
import { readOptions } from './options.ts'
import { PlainLink } from './plain-link.ts'
import type { PlainRedisOptions } from './plain-link.ts'
import { textOf } from './reply.ts'
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
  return new RedisIdempotencyStore(new PlainLink(urlOrClient, settings), settings.clock, settings.keyPrefix)
}

class RedisIdempotencyStore implements IdempotencyStore {
  readonly #link: PlainLink
  readonly #clock: Clock
  readonly #prefix: string

  constructor(link: PlainLink, clock: Clock, prefix: string) {
    this.#link = link
    this.#clock = clock
    this.#prefix = prefix
  }

  async reserve(reservation: Reservation): Promise<ReserveOutcome> {
    const { key, fingerprint, owner, token, leaseMs, retentionMs, deadOwner = '' } = reservation
    const doing = 'reserve the idempotency key'
    const reply = await this.#link.runConfirmed(doing, {
      script: scripts.reserve,
      keys: [this.#prefix + key],
      values: [this.#now(), fingerprint, owner, token, String(leaseMs), String(retentionMs), deadOwner],
    })
    const outcome = outcomeOf(reply)
    if (outcome === undefined) throw unavailable(doing, 'the script answered something else')
    return outcome
  }

  async complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean> {
    const values = [this.#now(), token, response, String(retentionMs)]
    const call = { script: scripts.complete, keys: [this.#prefix + key], values }
    return Number(await this.#link.runConfirmed('record the response', call)) === 1
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const values = [this.#now(), token, String(leaseMs)]
    const call = { script: scripts.renew, keys: [this.#prefix + key], values }
    return Number(await this.#link.run('renew the lease of the idempotency key', call)) === 1
  }

  async release(key: string, token: string): Promise<void> {
    const call = { script: scripts.release, keys: [this.#prefix + key], values: [token] }
    await this.#link.run('release the idempotency key', call)
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  #now(): string {
    return timeText(this.#clock.now())
  }
}

function outcomeOf(reply: unknown): ReserveOutcome | undefined {
  const [status, value] = Array.isArray(reply) ? reply.map(textOf) : []
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
