// The store's commands on a client somebody else made, by the shape it has: a single one, of Sentinels or of a Cluster.
import { describe } from '../unavailable.ts'
import type { InjectedRedisClient, RedisCommands, ScriptOptions } from './commands.ts'
import { slotOf } from './slot.ts'

/** Whether the server answers, which an error reply shows as well as any other. */
export interface AnswerObserver {
  onAnswer(): void
  onFailure(error: unknown): void
}

/** What a Cluster client of the `redis` package has beside the commands. */
interface ClusterClient {
  readonly slots: readonly ({ readonly master: unknown } | undefined)[]
  nodeClient(node: unknown): unknown
}

/** Redis begins error replies with a word in capitals; the client's own errors, and the system's, are sentences. */
const errorReply = /^[A-Z]{2,} /

export function isCluster(client: InjectedRedisClient): client is InjectedRedisClient & ClusterClient {
  return 'slots' in client && 'nodeClient' in client && typeof client.nodeClient === 'function'
}

/** Whether it follows a primary through failovers, so that there are replicas. */
export function isSentinelClient(client: InjectedRedisClient): boolean {
  return 'getSentinelNode' in client
}

export class InjectedCommands implements RedisCommands {
  readonly #client: InjectedRedisClient
  readonly #observer: AnswerObserver

  constructor(client: InjectedRedisClient, observer: AnswerObserver) {
    this.#client = client
    this.#observer = observer
  }

  get(key: string): Promise<unknown> {
    return this.#observe(this.#client.get(key))
  }

  hGetAll(key: string): Promise<unknown> {
    return this.#observe(this.#client.hGetAll(key))
  }

  evalSha(sha1: string, options: ScriptOptions): Promise<unknown> {
    return this.#observe(this.#client.evalSha(sha1, options))
  }

  eval(source: string, options: ScriptOptions): Promise<unknown> {
    return this.#observe(this.#client.eval(source, options))
  }

  del(key: string): Promise<unknown> {
    return this.#observe(this.#client.del(key))
  }

  waitOn(key: string, replicas: number, timeoutMs: number): Promise<unknown> {
    return this.#observe(this.#wait(key, replicas, timeoutMs))
  }

  async #wait(key: string, replicas: number, timeoutMs: number): Promise<unknown> {
    const client = isCluster(this.#client) ? await nodeOf(this.#client, key) : this.#client
    if (!('wait' in client) || typeof client.wait !== 'function')
      throw new Error('the injected client knows no WAIT')
    return client.wait(replicas, timeoutMs)
  }

  async #observe<T>(reply: Promise<T>): Promise<T> {
    try {
      const value = await reply
      this.#observer.onAnswer()
      return value
    } catch (error) {
      if (errorReply.test(describe(error))) this.#observer.onAnswer()
      else this.#observer.onFailure(error)
      throw error
    }
  }
}

async function nodeOf(cluster: ClusterClient, key: string): Promise<object> {
  const node: unknown = await cluster.nodeClient(cluster.slots[slotOf(key)]?.master)
  if (typeof node !== 'object' || node === null)
    throw new Error('the injected client knows no node for the key')
  return node
}
