// What the store needs of a Redis client. A client of the `redis` package has this shape.

export interface ScriptOptions {
  keys: string[]
  arguments: string[]
}

/** The four commands the store sends. */
export interface RedisCommands {
  hGetAll(key: string): Promise<unknown>
  evalSha(sha1: string, options: ScriptOptions): Promise<unknown>
  eval(source: string, options: ScriptOptions): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** A client somebody else made, connected and will close. */
export interface InjectedRedisClient extends RedisCommands {
  /** False while it is not connected; the store then answers at once instead of queueing. */
  readonly isReady?: boolean
}
