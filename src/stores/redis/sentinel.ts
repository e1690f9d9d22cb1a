// Connects to the primary that Sentinels name, and lets go of it as soon as they name another.
//
// Not with node-redis's createSentinel: it keeps calls for later while it looks around, and sends a write again whose
// connection was lost. That write may have been done: a renewal would be answered "gone", a counter would count twice.
import { withDeadline } from '../../base/deadline.ts'
import type { RedisAccess, RedisNode } from './address.ts'
import { connectClient, createRedisClient } from './client.ts'
import type {
  ClientSettings,
  ConnectRedis,
  ConnectionEvents,
  NodeRedisClient,
  RedisPackage,
} from './client.ts'
import type { RedisLimits } from './defaults.ts'
import { textOf } from './reply.ts'
import type { Hold, SentinelView } from './sentinel-view.ts'

export interface PrimarySettings extends Omit<ClientSettings, 'server'> {
  readonly redis: RedisPackage
  readonly view: SentinelView
  readonly access: RedisAccess
  readonly limits: RedisLimits
}

/** Rejects when no Sentinel answers, when none knows the primary, and when what they name is no primary (yet). */
export function sentinelConnector(settings: PrimarySettings): ConnectRedis {
  const { view, limits } = settings
  return async (events, signal) => {
    const moved = new AbortController()
    const hold = view.hold((error) => moved.abort(error))
    let client: NodeRedisClient | undefined
    try {
      client = clientOf(settings, await hold.find())
      const lose = listen(client, events, hold)
      // A primary that hangs would take the greeting's whole time, far longer than its successor needs to be found.
      await connectClient(client, limits, AbortSignal.any([signal, moved.signal]))
      await checkRole(client, limits)
      // It may have hung, and greeted us only after its successor took over, without knowing of it.
      await hold.find()
      moved.signal.throwIfAborted()
      moved.signal.addEventListener('abort', () => lose(asError(moved.signal.reason)), { once: true })
      return client
    } catch (error) {
      hold.release()
      client?.destroy()
      throw error
    }
  }
}

function clientOf(settings: PrimarySettings, node: RedisNode): NodeRedisClient {
  const server = { node, access: settings.access }
  return createRedisClient(settings.redis, { ...settings, server }, settings.limits)
}

/** Returns what tells of the loss. */
function listen(client: NodeRedisClient, events: ConnectionEvents, hold: Hold): (error: Error) => void {
  const lose = (error: Error) => {
    hold.release()
    events.onLost(error)
  }
  client.on('error', lose)
  client.once('end', () => hold.release())
  client.on('invalidate', (key) => events.onChanged(textOf(key)))
  return lose
}

/** Sentinels that all missed a failover, or have just made one, may name what is a replica by now, or still. */
async function checkRole(client: NodeRedisClient, limits: RedisLimits): Promise<void> {
  const late = () => new Error('Redis did not tell its role in time')
  const reply: unknown = await withDeadline(client.sendCommand(['ROLE']), limits.operationTimeoutMs, late)
  const role = Array.isArray(reply) ? String(reply[0]) : 'unknown'
  if (role !== 'master')
    throw new Error(`the server that Sentinel names is no primary: wanted role "master", got "${role}"`)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
