// The Redis store on a client of the test's own, with nothing in between: what a call sends can be counted, held and failed.
import { createClient } from 'redis'
import type { Clock } from '../../src/base/clock.ts'
import type { RedisCommands, ScriptOptions } from '../../src/stores/redis/commands.ts'
import { closedError, linkError } from '../../src/stores/redis/link.ts'
import { RedisSessionStore } from '../../src/stores/redis/store.ts'
import { ManualClock } from '../../src/testing/index.ts'
import type { RedisServer } from '../support/redis-server.ts'

export interface CoreSettings {
  readonly clock?: Clock
  /** Whether the store must take two principals' keys for out of one script's reach. */
  readonly isCluster?: boolean
  readonly replicas?: number
  readonly replicaTimeoutMs?: number
}

export const corePrefix = 'core:'

export function coreStore(redis: RedisCommands, settings: CoreSettings = {}): RedisSessionStore {
  const { clock = new ManualClock(), isCluster = false, ...replication } = settings
  let isClosed = false
  const link = {
    isCluster,
    async run<T>(doing: string, act: (commands: RedisCommands) => Promise<T>): Promise<T> {
      try {
        if (isClosed) throw closedError()
        return await act(redis)
      } catch (error) {
        throw linkError(doing, error)
      }
    },
    async close() {
      isClosed = true
    },
  }
  return new RedisSessionStore({ link, clock, keyPrefix: corePrefix, ...replication })
}

export type Client = ReturnType<typeof createClient>

export async function connect(server: RedisServer): Promise<Client> {
  const client: Client = createClient({ url: server.url })
  await client.connect()
  return client
}

/** A client that tells of each command before it is sent, and waits for what that returns. */
export class ToldCommands implements RedisCommands {
  readonly #redis: RedisCommands
  readonly #before: (command: string, keys: readonly string[]) => Promise<void> | undefined

  constructor(
    redis: RedisCommands,
    before: (command: string, keys: readonly string[]) => Promise<void> | undefined,
  ) {
    this.#redis = redis
    this.#before = before
  }

  async get(key: string): Promise<unknown> {
    await this.#before('get', [key])
    return this.#redis.get(key)
  }

  async hGetAll(key: string): Promise<unknown> {
    await this.#before('hGetAll', [key])
    return this.#redis.hGetAll(key)
  }

  async evalSha(sha1: string, options: ScriptOptions): Promise<unknown> {
    await this.#before(sha1, options.keys)
    return this.#redis.evalSha(sha1, options)
  }

  eval(source: string, options: ScriptOptions): Promise<unknown> {
    return this.#redis.eval(source, options)
  }

  del(key: string): Promise<unknown> {
    return this.#redis.del(key)
  }
}
