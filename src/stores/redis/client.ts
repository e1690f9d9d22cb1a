// Makes a connected client of the optional peer `redis` (node-redis).
import { withDeadline } from '../../base/deadline.ts'
import { refusePeer } from '../../base/peer.ts'
import type { RedisAccess, RedisNode } from './address.ts'
import type { RedisCommands } from './commands.ts'
import type { RedisLimits } from './defaults.ts'
import { textOf } from './reply.ts'

/** A client of ours: connected once, never by itself again (owned-link.ts decides when and how often). */
export interface OwnedRedisClient extends RedisCommands {
  sendCommand(command: string[]): Promise<unknown>
  /** Drops the connection; whatever waits for a reply fails. */
  destroy(): void
  /** Ends the connection after the replies that are waited for. */
  close(): Promise<void>
}

/** What a connection tells later. */
export interface ConnectionEvents {
  /** It is lost, or no longer leads to the server that takes writes. */
  onLost(error: Error): void
  /** A key that was read over it has changed; undefined: any may have. Only where tracking is on. */
  onChanged(redisKey: string | undefined): void
}

/** Connects in bounded time, unless aborted. */
export type ConnectRedis = (events: ConnectionEvents, signal: AbortSignal) => Promise<OwnedRedisClient>

export type RedisPackage = typeof import('redis')

/** What of a node-redis client its makers use, beside what its users do. */
export interface NodeRedisClient extends OwnedRedisClient {
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'invalidate', listener: (key: unknown) => void): unknown
  once(event: 'end', listener: () => void): unknown
  unref(): void
  subscribe(channels: string[], listener: (message: string) => void): Promise<unknown>
}

/** Where a client connects to, and how. */
export interface ClientSettings {
  readonly server: string | { readonly node: RedisNode; readonly access: RedisAccess }
  /** Whether the server tells which keys changed after they were read (RESP3, CLIENT TRACKING). */
  readonly isTracking: boolean
  /** A connection that only listens keeps no process alive. */
  readonly isUnrefed: boolean
}

/** The peer, loaded on first use. Rejects with PEER_MISSING when it is not installed. */
export async function loadRedisPackage(): Promise<RedisPackage> {
  try {
    return await import('redis')
  } catch (error) {
    return refusePeer(error, 'Cannot use a Redis session store', 'redis')
  }
}

export function redisConnector(
  redis: RedisPackage,
  settings: ClientSettings,
  limits: RedisLimits,
): ConnectRedis {
  return async (events, signal) => {
    const client = createRedisClient(redis, settings, limits)
    client.on('error', (error) => events.onLost(error))
    client.on('invalidate', (key) => events.onChanged(textOf(key)))
    return connectClient(client, limits, signal)
  }
}

/** Not connected yet. Its owner listens for 'error', or a lost connection ends the process. */
export function createRedisClient(
  redis: RedisPackage,
  settings: ClientSettings,
  limits: RedisLimits,
): NodeRedisClient {
  const client = modelOf(redis).duplicate({
    ...serverOptions(settings, limits.connectTimeoutMs),
    commandsQueueMaxLength: limits.maxPendingCommands,
    emitInvalidate: settings.isTracking,
  })
  if (settings.isUnrefed) client.unref()
  return client
}

const models = new WeakMap<RedisPackage, ReturnType<typeof createModel>>()

/**
 * The client that all of ours are duplicates of; it never connects. `createClient` would make a class of hundreds of
 * commands whenever the options differ from the call before: tens of milliseconds for each connection to another server.
 */
function modelOf(redis: RedisPackage): ReturnType<typeof createModel> {
  const model = models.get(redis) ?? createModel(redis)
  models.set(redis, model)
  return model
}

function createModel(redis: RedisPackage) {
  return redis.createClient({
    disableOfflineQueue: true,
    // Its own timeout ends only what it has not written yet, and makes an AbortSignal for each command.
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
  })
}

function serverOptions({ server }: ClientSettings, connectTimeout: number) {
  const socket = { connectTimeout, reconnectStrategy: false as const }
  if (typeof server === 'string') return { url: server, socket }
  const { node, access } = server
  return {
    socket: access.isTls ? { ...socket, ...node, tls: true as const } : { ...socket, ...node },
    ...(access.username === undefined ? {} : { username: access.username }),
    ...(access.password === undefined ? {} : { password: access.password }),
    database: access.database,
  }
}

/** Resolves with the connected client. Rejects, with the client gone, when that takes too long or is aborted. */
export async function connectClient(
  client: NodeRedisClient,
  limits: RedisLimits,
  signal: AbortSignal,
): Promise<NodeRedisClient> {
  // Its connectTimeout ends with the TCP handshake; a server that hangs would never send the greeting.
  const greetedMs = 2 * limits.connectTimeoutMs
  const late = () => new Error(`Redis sent no greeting within ${greetedMs} ms`)
  const connecting = client.connect()
  let abandon: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abandon = () =>
      reject(signal.reason instanceof Error ? signal.reason : new Error('connecting was given up'))
    if (signal.aborted) abandon()
    else signal.addEventListener('abort', abandon, { once: true })
  })
  try {
    await withDeadline(Promise.race([connecting, aborted]), greetedMs, late)
    return client
  } catch (error) {
    // A socket that is still in its TCP handshake escapes destroy(): it is destroyed again when it has connected.
    client.destroy()
    connecting.then(
      () => client.destroy(),
      () => undefined,
    )
    throw error
  } finally {
    if (abandon !== undefined) signal.removeEventListener('abort', abandon)
  }
}
