// Makes a connected client of the optional peer `redis` (node-redis).
import { withDeadline } from '../../base/deadline.ts'
import { DroverError } from '../../base/errors.ts'
import type { RedisCommands } from './commands.ts'
import type { RedisLimits } from './defaults.ts'

/** A client of ours: connected once, never by itself again (owned-link.ts decides when and how often). */
export interface OwnedRedisClient extends RedisCommands {
  /** Drops the connection; whatever waits for a reply fails. */
  destroy(): void
  /** Ends the connection after the replies that are waited for. */
  close(): Promise<void>
}

/** Connects in bounded time, unless aborted; `onLost` is called when the connection is lost later. */
export type ConnectRedis = (onLost: (error: Error) => void, signal: AbortSignal) => Promise<OwnedRedisClient>

type RedisPackage = typeof import('redis')

/** The peer, loaded on first use. Rejects with PEER_MISSING when it is not installed. */
export async function loadRedisPackage(): Promise<RedisPackage> {
  try {
    return await import('redis')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    const message =
      'Cannot use a Redis session store: the package "redis" is not installed; npm install redis'
    throw new DroverError('PEER_MISSING', message, { cause: error })
  }
}

export function redisConnector(redis: RedisPackage, url: string, limits: RedisLimits): ConnectRedis {
  return async (onLost, signal) => {
    const { connectTimeoutMs } = limits
    const client = redis.createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: limits.maxPendingCommands,
      // Its own timeout ends only what it has not written yet, and makes an AbortSignal for each command.
      commandOptions: { timeout: 0 },
      maintNotifications: 'disabled',
      socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
    })
    client.on('error', onLost)
    const abandon = () => client.destroy()
    signal.addEventListener('abort', abandon, { once: true })
    // Its connectTimeout ends with the TCP handshake; a server that hangs would never send the greeting.
    const greetedMs = 2 * connectTimeoutMs
    try {
      const late = () => new Error(`Redis sent no greeting within ${greetedMs} ms`)
      await withDeadline(client.connect(), greetedMs, late)
    } catch (error) {
      client.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', abandon)
    }
    return client
  }
}
