// A real Redis Cluster of three primaries and three replicas, all of the test's own, on free loopback ports.
import { freePort } from './free-port.ts'
import { isInStep } from './redis-sentinel.ts'
import { askRedis, startRedis } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

export interface RedisCluster {
  /** Names three of the nodes, as an app would. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** The primary that owns the slot of a key now, as a node that is not among `except` sees it. */
  readonly primaryOf: (key: string, except?: readonly RedisServer[]) => Promise<RedisServer>
  /** Starts one more node, as an operator would in place of a dead one; resolves when it is in step with its primary. */
  readonly addReplica: (primary: RedisServer) => Promise<RedisServer>
  readonly stop: () => Promise<void>
}

const slots = 16_384
const primaries = 3
const nodeTimeoutMs = 1_000

/** Resolves when every node sees a whole cluster and every replica is in step: only then can a kill be survived. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  const busPorts: number[] = []
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    for (let index = 0; index < 2 * primaries; index += 1) {
      const busPort = await freePort()
      busPorts.push(busPort)
      nodes.push(await startNode(busPort))
    }
    await join(nodes, busPorts)
    const hosts = nodes.slice(0, primaries).map(({ port }) => `127.0.0.1:${port}`)
    const url = `redis-cluster://${hosts.join(',')}`
    return {
      url,
      nodes,
      primaryOf: (key, except = []) => primaryOf(key, nodes, except),
      addReplica: (primary) => addReplica(primary, nodes),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function startNode(busPort: number): Promise<RedisServer> {
  return startRedis(undefined, [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    String(busPort),
    '--cluster-node-timeout',
    String(nodeTimeoutMs),
    '--repl-diskless-sync-delay',
    '0',
  ])
}

async function addReplica(primary: RedisServer, nodes: RedisServer[]): Promise<RedisServer> {
  const busPort = await freePort()
  const node = await startNode(busPort)
  nodes.push(node)
  await meet(primary, node, busPort)
  const primaryId = String(await askRedis(primary, 'CLUSTER', 'MYID'))
  await until('node that knows its primary', () => replicates(node, primaryId))
  await until('replica in step', () => isInStep(node))
  return node
}

/** What `redis-cli --cluster create` does, without its pauses. */
async function join(nodes: readonly RedisServer[], busPorts: readonly number[]): Promise<void> {
  const share = Math.ceil(slots / primaries)
  for (const [index, node] of nodes.entries()) {
    await askRedis(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    if (index < primaries) {
      const last = Math.min(slots, (index + 1) * share) - 1
      await askRedis(node, 'CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last))
    }
    if (index > 0) await meet(nodes[0], node, busPorts[index])
  }
  const ids = await Promise.all(nodes.map((node) => askRedis(node, 'CLUSTER', 'MYID')))
  for (const [index, node] of nodes.entries()) {
    if (index < primaries) continue
    const primaryId = String(ids[index - primaries])
    await until('node that knows its primary', () => replicates(node, primaryId))
    await until('replica in step', () => isInStep(node))
  }
  for (const node of nodes) await until('node that sees a whole cluster', () => seesWhole(node, nodes.length))
}

async function meet(first: RedisServer | undefined, node: RedisServer, busPort = 0): Promise<void> {
  if (first === undefined) return
  await askRedis(first, 'CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPort))
}

/** False while the gossip has not told `node` of its primary yet. */
async function replicates(node: RedisServer, primaryId: string): Promise<boolean> {
  try {
    return (await askRedis(node, 'CLUSTER', 'REPLICATE', primaryId)) === 'OK'
  } catch {
    return false
  }
}

async function seesWhole(node: RedisServer, size: number): Promise<boolean> {
  const info = String(await askRedis(node, 'CLUSTER', 'INFO'))
  if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${size}`)) return false
  // A primary that has not heard of its replica yet would be killed without a successor.
  const lines = String(await askRedis(node, 'CLUSTER', 'NODES')).split('\n')
  return lines.filter((line) => / (?:myself,)?slave /.test(line)).length === size - primaries
}

async function primaryOf(
  key: string,
  nodes: readonly RedisServer[],
  except: readonly RedisServer[],
): Promise<RedisServer> {
  const asked = nodes.find((node) => !except.includes(node))
  if (asked === undefined) throw new Error('Cannot ask for a primary: no node is left to ask')
  const slot = Number(await askRedis(asked, 'CLUSTER', 'KEYSLOT', key))
  const ranges = await askRedis(asked, 'CLUSTER', 'SLOTS')
  if (!Array.isArray(ranges)) throw new Error(`Cannot read CLUSTER SLOTS: ${String(ranges)}`)
  const range = ranges.find(([from, to]) => from <= slot && slot <= to)
  const primary = nodes.find((node) => node.port === Number(range?.[2]?.[1]))
  if (primary === undefined) throw new Error(`Cannot find the primary of slot ${slot}`)
  return primary
}
