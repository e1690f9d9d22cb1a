// A real primary with two replicas under the watch of three Sentinels, all of the test's own, on free loopback ports.
import { askRedis, startRedis, startRedisProgram } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

export interface RedisSentinels {
  /** Names all three Sentinels, as an app would. */
  readonly url: string
  /** The three Redis servers, whatever each one's part is at the time. */
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** The server that one of the Sentinels, the first if none is given, calls the primary now. */
  readonly primary: (asked?: RedisServer) => Promise<RedisServer>
  /** Starts one more, which is told of this server as the primary and hears of nothing else while that one hangs. */
  readonly addSentinel: (primary: RedisServer) => Promise<RedisServer>
  readonly stop: () => Promise<void>
}

const primaryName = 'herd'
const quorum = 2
/** Half of it took a busy machine's pauses for deaths. */
const downAfterMs = 1_000

/** Redis has them 10 s and 2 s: what Sentinels see and agree on would take that long, and four times so to make a replica. */
const periods = { infoMs: 1_000, announceMs: 500 }

/**
 * Resolves when both replicas are in step and every Sentinel knows of the whole set: only then can a kill be survived.
 * Sentinels tell each other what they know every `announceMs`.
 */
export async function startSentinels(announceMs: number = periods.announceMs): Promise<RedisSentinels> {
  const servers: RedisServer[] = []
  const sentinels: RedisServer[] = []
  const stop = async () => {
    await Promise.all([...servers, ...sentinels].map((server) => server.stop()))
  }
  try {
    await startServers(servers)
    const [primary] = servers
    if (primary === undefined) throw new Error('Cannot watch a primary: none was started')
    for (let index = 0; index < 3; index += 1) sentinels.push(await startSentinel(primary, announceMs))
    await until('Sentinels that know of all', () => knowEachOther(sentinels))
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
    const url = `redis-sentinel://${hosts}/${primaryName}`
    return {
      url,
      servers,
      sentinels,
      primary: (asked = sentinels[0]) => primaryOf(asked, servers),
      addSentinel: async (known) => {
        const added = await startSentinel(known, announceMs)
        sentinels.push(added)
        return added
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startServers(servers: RedisServer[]): Promise<void> {
  const quick = ['--repl-diskless-sync-delay', '0']
  const primary = await startRedis(undefined, quick)
  servers.push(primary)
  const replicaOf = [...quick, '--replicaof', `127.0.0.1 ${primary.port}`]
  for (let index = 0; index < 2; index += 1) servers.push(await startRedis(undefined, replicaOf))
  for (const replica of servers.slice(1)) await until('replica in step', () => isInStep(replica))
}

/** Whether a replica has all that its primary has written. */
export async function isInStep(replica: RedisServer): Promise<boolean> {
  return String(await askRedis(replica, 'INFO', 'replication')).includes('master_link_status:up')
}

async function startSentinel(primary: RedisServer, announceMs: number): Promise<RedisServer> {
  const sentinelConfig = [
    `sentinel monitor ${primaryName} 127.0.0.1 ${primary.port} ${quorum}`,
    `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
    `sentinel failover-timeout ${primaryName} 3000`,
    '',
  ].join('\n')
  const sentinel = await startRedisProgram({ args: [], sentinelConfig })
  const debug = ['INFO-PERIOD', String(periods.infoMs), 'PUBLISH-PERIOD', String(announceMs)]
  await askRedis(sentinel, 'SENTINEL', 'DEBUG', ...debug)
  return sentinel
}

async function knowEachOther(sentinels: readonly RedisServer[]): Promise<boolean> {
  for (const sentinel of sentinels) {
    const text = String(await askRedis(sentinel, 'INFO', 'sentinel'))
    if (!text.includes(`slaves=2,sentinels=${sentinels.length}`)) return false
  }
  return true
}

async function primaryOf(
  sentinel: RedisServer | undefined,
  servers: readonly RedisServer[],
): Promise<RedisServer> {
  if (sentinel === undefined) throw new Error('Cannot ask for the primary: there is no Sentinel')
  const address = await askRedis(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primaryName)
  const port = Array.isArray(address) ? Number(address[1]) : Number.NaN
  const primary = servers.find((server) => server.port === port)
  if (primary === undefined) throw new Error(`Cannot find the primary: Sentinel says ${String(address)}`)
  return primary
}
