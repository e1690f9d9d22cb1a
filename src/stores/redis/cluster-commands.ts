// The store's commands, each sent to the node of a Cluster that owns its key.
import type { OwnedRedisClient } from './client.ts'
import type { RedisCommands, ScriptOptions } from './commands.ts'

/** Sends one command to the node that owns `key`, wherever redirections lead. */
export type SendToOwner = <T>(key: string, send: (redis: OwnedRedisClient) => Promise<T>) => Promise<T>

export class ClusterCommands implements RedisCommands {
  readonly #toOwner: SendToOwner
  /** The connection of the last write: only it can wait for the replicas to have that write. */
  #written: OwnedRedisClient | undefined
  #writing: Promise<unknown> | undefined

  constructor(toOwner: SendToOwner) {
    this.#toOwner = toOwner
  }

  get(key: string): Promise<unknown> {
    return this.#toOwner(key, (redis) => redis.get(key))
  }

  hGetAll(key: string): Promise<unknown> {
    return this.#toOwner(key, (redis) => redis.hGetAll(key))
  }

  evalSha(sha1: string, options: ScriptOptions): Promise<unknown> {
    return this.#write(options.keys[0] ?? '', (redis) => redis.evalSha(sha1, options))
  }

  eval(source: string, options: ScriptOptions): Promise<unknown> {
    return this.#write(options.keys[0] ?? '', (redis) => redis.eval(source, options))
  }

  del(key: string): Promise<unknown> {
    return this.#write(key, (redis) => redis.del(key))
  }

  /** Asked together with the write, sent after it: only its reply tells which node took it in the end. */
  async waitOn(_key: string, replicas: number, timeoutMs: number): Promise<unknown> {
    await this.#writing
    if (this.#written === undefined) throw new Error('nothing was written that replicas could have')
    return this.#written.sendCommand(['WAIT', String(replicas), String(timeoutMs)])
  }

  #write<T>(key: string, send: (redis: OwnedRedisClient) => Promise<T>): Promise<T> {
    const writing = this.#toOwner(key, (redis) => {
      this.#written = redis
      return send(redis)
    })
    this.#writing = writing
    return writing
  }
}
