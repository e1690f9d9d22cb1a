// Talks to Sentinels: which server is the primary, and when does that change?
import { setTimeout as pause } from 'node:timers/promises'
import { withDeadline } from '../../base/deadline.ts'
import { describe } from '../unavailable.ts'
import type { RedisAccess, RedisAddress, RedisNode } from './address.ts'
import { connectClient, createRedisClient } from './client.ts'
import type { NodeRedisClient, RedisPackage } from './client.ts'
import type { RedisLimits } from './defaults.ts'

/** So long a Sentinel may take before another one is asked too. */
const patienceMs = 100

export interface SentinelAccess {
  readonly redis: RedisPackage
  readonly address: Extract<RedisAddress, { kind: 'sentinel' }>
  /** How the Sentinels themselves let in; often they ask for nothing. */
  readonly sentinelAccess: Pick<RedisAccess, 'username' | 'password'>
  readonly limits: RedisLimits
  readonly random: () => number
  /** Whether a process may end while a Sentinel is waited for. */
  readonly isUnrefed: boolean
}

export interface NamedPrimary {
  readonly sentinel: NodeRedisClient
  readonly primary: RedisNode
}

/**
 * The Sentinel that answers first, and what it says. They are asked from a random one on; the next is asked when one fails
 * or does not answer soon, so that one which hangs costs little. `onSwitch` is called when it tells of a failover of this
 * primary.
 */
export async function firstSentinel(
  access: SentinelAccess,
  signal: AbortSignal,
  onSwitch: () => void,
): Promise<NamedPrimary> {
  const race = new AbortController()
  const either = AbortSignal.any([signal, race.signal])
  const asked: Promise<NamedPrimary>[] = []
  for (const node of inRandomTurn(access)) {
    const previous = asked.at(-1)
    asked.push(askAfter(previous, access, () => openSentinel(access, node, either, onSwitch)))
  }
  try {
    const first = await Promise.any(asked)
    for (const other of asked) other.then((named) => endUnless(named, first), ignore)
    // From here on it only listens.
    first.sentinel.unref()
    return first
  } catch (error) {
    throw noneNames(access.address.primaryName, error)
  } finally {
    race.abort(new Error('another Sentinel answered first'))
  }
}

function inRandomTurn({ address: { sentinels }, random }: SentinelAccess): readonly RedisNode[] {
  const start = Math.floor(random() * sentinels.length)
  return [...sentinels.slice(start), ...sentinels.slice(0, start)]
}

async function askAfter<T>(
  previous: Promise<T> | undefined,
  { isUnrefed }: SentinelAccess,
  ask: () => Promise<T>,
): Promise<T> {
  if (previous !== undefined) {
    const failed = previous.then(() => new Promise<never>(ignore), ignore)
    await Promise.race([failed, pause(patienceMs, undefined, { ref: !isUnrefed })])
  }
  return ask()
}

/** The address of the primary, as one Sentinel sees it. */
export async function askPrimary(sentinel: NodeRedisClient, access: SentinelAccess): Promise<RedisNode> {
  const { primaryName } = access.address
  const asking = sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primaryName])
  const late = () => new Error('the Sentinel did not answer in time')
  const reply: unknown = await withDeadline(asking, access.limits.operationTimeoutMs, late)
  if (!Array.isArray(reply)) throw new Error('the Sentinel watches no primary of this name')
  return { host: String(reply[0]), port: Number(reply[1]) }
}

async function openSentinel(
  access: SentinelAccess,
  node: RedisNode,
  signal: AbortSignal,
  onSwitch: () => void,
): Promise<NamedPrimary> {
  signal.throwIfAborted()
  const { redis, address, sentinelAccess, limits, isUnrefed } = access
  const server = { node, access: { isTls: address.access.isTls, database: 0, ...sentinelAccess } }
  const sentinel = createRedisClient(redis, { server, isTracking: false, isUnrefed }, limits)
  // Its loss shows when it is asked the next time.
  sentinel.on('error', ignore)
  await connectClient(sentinel, limits, signal)
  try {
    // First listen, then ask: a switch in between would be missed.
    await sentinel.subscribe('+switch-master', (message) => {
      if (message.startsWith(`${address.primaryName} `)) onSwitch()
    })
    const primary = await askPrimary(sentinel, access)
    signal.throwIfAborted()
    return { sentinel, primary }
  } catch (error) {
    sentinel.destroy()
    throw error
  }
}

function endUnless(named: NamedPrimary, first: NamedPrimary): void {
  if (named !== first) named.sentinel.destroy()
}

function noneNames(primaryName: string, error: unknown): Error {
  const reasons = error instanceof AggregateError ? error.errors : [error]
  const reason = reasons.map(describe).join('; ')
  return new Error(`no Sentinel names the primary "${primaryName}" (${reason})`, { cause: error })
}

function ignore(): void {
  // Nothing depends on it.
}
