// What the store needs of a Redis client. A client of the `redis` package has this shape.

export interface ScriptOptions {
  keys: string[]
  arguments: string[]
}

/** The commands the store sends. */
export interface RedisCommands {
  get(key: string): Promise<unknown>
  hGetAll(key: string): Promise<unknown>
  evalSha(sha1: string, options: ScriptOptions): Promise<unknown>
  eval(source: string, options: ScriptOptions): Promise<unknown>
  del(key: string): Promise<unknown>
  /** How many replicas have what this connection wrote before (WAIT). Only asked of a client with one connection. */
  wait?(replicas: number, timeoutMs: number): Promise<unknown>
  /** The same for a client with several connections: asked on the one over which `key` is written. */
  waitOn?(key: string, replicas: number, timeoutMs: number): Promise<unknown>
}

/** A client somebody else made, connected and will close. */
export interface InjectedRedisClient extends RedisCommands {
  /** False while it is not connected; the store then answers at once instead of queueing. */
  readonly isReady?: boolean
  /** False before it is connected and after it is closed. */
  readonly isOpen?: boolean
}
