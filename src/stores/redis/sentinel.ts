// Connects to the primary that Sentinels name, and lets go of it as soon as they name another.
//
// Not with node-redis's createSentinel: it keeps calls for later while it looks around, and sends a write again whose
// connection was lost. That write may have been done: a renewal would be answered "gone", a counter would count twice.
import { withDeadline } from '../../base/deadline.ts'
import type { RedisNode } from './address.ts'
import { connectClient, createRedisClient } from './client.ts'
import type { ConnectRedis, ConnectionEvents, NodeRedisClient } from './client.ts'
import type { RedisLimits } from './defaults.ts'
import { PrimaryWatch } from './primary-watch.ts'
import { textOf } from './reply.ts'
import type { SentinelAccess } from './sentinel-client.ts'

export interface SentinelSettings extends SentinelAccess {
  readonly isTracking: boolean
}

/** Rejects when no Sentinel answers, when none knows the primary, and when what they name is no primary (yet). */
export function sentinelConnector(settings: SentinelSettings): ConnectRedis {
  return async (events, signal) => {
    const moved = new AbortController()
    const watch = await PrimaryWatch.start(settings, signal, (error) => moved.abort(error))
    const client = clientOf(settings, watch.primary)
    const listening = listen(client, events, watch)
    try {
      // A primary that hangs would take the greeting's whole time, far longer than its successor needs to be found.
      await connectClient(client, settings.limits, AbortSignal.any([signal, moved.signal]))
      await checkRole(client, settings.limits)
      moved.signal.throwIfAborted()
    } catch (error) {
      watch.stop()
      client.destroy()
      throw error
    }
    moved.signal.addEventListener('abort', () => listening.lose(movedError(moved.signal)), { once: true })
    return client
  }
}

function clientOf(settings: SentinelSettings, node: RedisNode): NodeRedisClient {
  const server = { node, access: settings.address.access }
  return createRedisClient(settings.redis, { ...settings, server }, settings.limits)
}

function listen(client: NodeRedisClient, events: ConnectionEvents, watch: PrimaryWatch) {
  const lose = (error: Error) => {
    watch.stop()
    events.onLost(error)
  }
  client.on('error', lose)
  client.once('end', () => watch.stop())
  client.on('invalidate', (key) => events.onChanged(textOf(key)))
  return { lose }
}

function movedError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the primary moved')
}

/** A Sentinel that missed a failover still names the old primary, which may be a replica by now. */
async function checkRole(client: NodeRedisClient, limits: RedisLimits): Promise<void> {
  const late = () => new Error('Redis did not tell its role in time')
  const reply: unknown = await withDeadline(client.sendCommand(['ROLE']), limits.operationTimeoutMs, late)
  const role = Array.isArray(reply) ? String(reply[0]) : 'unknown'
  if (role !== 'master')
    throw new Error(`the server that Sentinel names is no primary: wanted role "master", got "${role}"`)
}
