// A link over a client that somebody else made: connecting, reconnecting and closing it stay with its owner.
import { TimeLimit } from '../../base/time-limit.ts'
import { Breaker } from '../breaker.ts'
import { describe } from '../unavailable.ts'
import type { InjectedRedisClient, RedisCommands } from './commands.ts'
import type { RedisLimits } from './defaults.ts'
import { InjectedCommands, isCluster } from './injected-commands.ts'
import { closedError, late, linkError } from './link.ts'
import type { RedisLink } from './link.ts'

export class InjectedLink implements RedisLink {
  readonly isCluster: boolean
  readonly #client: InjectedRedisClient
  readonly #commands: RedisCommands
  readonly #limits: RedisLimits
  readonly #timeLimit: TimeLimit
  readonly #breaker: Breaker
  #lastFailure = ''
  #pending = 0
  #closed = false

  constructor(client: InjectedRedisClient, limits: RedisLimits) {
    this.#client = client
    this.isCluster = isCluster(client)
    this.#commands = new InjectedCommands(client, {
      onAnswer: () => this.#breaker.succeed(),
      onFailure: (error) => this.#onFailure(error),
    })
    this.#limits = limits
    this.#timeLimit = new TimeLimit(limits.operationTimeoutMs)
    this.#breaker = new Breaker(limits)
  }

  async run<T>(doing: string, act: (redis: RedisCommands) => Promise<T>): Promise<T> {
    this.#pending += 1
    try {
      this.#check()
      return await this.#timeLimit.bound(act(this.#commands), () => this.#onLate(doing))
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
    if (this.#client.isReady === false || this.#client.isOpen === false) {
      throw new Error('the injected Redis client is not connected')
    }
    if (this.#pending > this.#limits.maxPendingCommands) throw new Error('too many commands wait for Redis')
    if (!this.#breaker.admit())
      throw new Error(`Redis has failed (${this.#lastFailure}); it is tried again soon`)
  }

  #onLate(doing: string): Error {
    const error = late(doing, this.#limits.operationTimeoutMs)
    this.#onFailure(error)
    return error
  }

  #onFailure(error: unknown): void {
    this.#lastFailure = describe(error)
    this.#breaker.fail()
  }
}
