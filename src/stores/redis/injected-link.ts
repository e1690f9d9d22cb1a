// A link over a client that somebody else made: connecting, reconnecting and closing it stay with its owner.
import { TimeLimit } from '../../base/time-limit.ts'
import type { InjectedRedisClient, RedisCommands } from './commands.ts'
import type { RedisLimits } from './defaults.ts'
import { closedError, late, linkError } from './link.ts'
import type { RedisLink } from './link.ts'

export class InjectedLink implements RedisLink {
  readonly #client: InjectedRedisClient
  readonly #limits: RedisLimits
  readonly #timeLimit: TimeLimit
  #pending = 0
  #closed = false

  constructor(client: InjectedRedisClient, limits: RedisLimits) {
    this.#client = client
    this.#limits = limits
    this.#timeLimit = new TimeLimit(limits.operationTimeoutMs)
  }

  async run<T>(doing: string, act: (redis: RedisCommands) => Promise<T>): Promise<T> {
    this.#pending += 1
    try {
      this.#check()
      const { operationTimeoutMs } = this.#limits
      return await this.#timeLimit.bound(act(this.#client), () => late(doing, operationTimeoutMs))
    } catch (error) {
      throw linkError(doing, error)
    } finally {
      this.#pending -= 1
    }
  }

  close(): Promise<void> {
    this.#closed = true
    return Promise.resolve()
  }

  #check(): void {
    if (this.#closed) throw closedError()
    // Its offline queue, where it has one, would run the command long after the caller has its answer.
    if (this.#client.isReady === false) throw new Error('the injected Redis client is not connected')
    if (this.#pending > this.#limits.maxPendingCommands) throw new Error('too many commands wait for Redis')
  }
}
