// A real Redis server of the run's own, in memory only: what is compared is the work asked of it, not its disk.
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { redisServer } from '../scripts/parts/catalog.ts'
import { requirePart } from '../scripts/parts/find.ts'
import { freePort } from '../test/support/free-port.ts'
import { startServer, type Program } from './program.ts'
import type { Stage } from './stage.ts'

export interface Redis extends Program {
  readonly url: string
  readonly port: number
}

const clusterTimeoutMs = 10_000
const pollMs = 20
const slots = 16_384

/** On `port` where one is given, to bring a stopped one back. Stopped with the stage. */
export async function startRedis(stage: Stage, port?: number): Promise<Redis> {
  return launch(stage, port ?? (await freePort()), {})
}

/** A Cluster of one node: all slots are here, and a command whose keys are in several is refused all the same. */
export async function startRedisCluster(stage: Stage): Promise<Redis> {
  const redis = await launch(stage, await freePort(), {
    'cluster-enabled': 'yes',
    'cluster-port': String(await freePort()),
    'cluster-announce-ip': '127.0.0.1',
  })
  const client = await connectTo(stage, redis.url)
  await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', String(slots - 1)])
  const endMs = performance.now() + clusterTimeoutMs
  while (!String(await client.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok')) {
    if (performance.now() > endMs)
      throw new Error(`Cannot start a Cluster: it is not ready after ${clusterTimeoutMs} ms`)
    await pause(pollMs, undefined, { signal: stage.signal })
  }
  return redis
}

async function launch(stage: Stage, port: number, extra: Readonly<Record<string, string>>): Promise<Redis> {
  const dir = await stage.folder()
  const settings = { bind: '127.0.0.1', port: String(port), dir, save: '', appendonly: 'no', ...extra }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const program = await startServer(stage, requirePart(redisServer), args, port)
  return { ...program, port, url: `redis://127.0.0.1:${port}` }
}

/** What the benchmark itself needs of a client. */
export interface RedisClient {
  sendCommand(command: string[]): Promise<unknown>
  destroy(): void
}

/** The benchmark's own connection, to look and to measure; closed with the stage. */
export async function connectTo(stage: Stage, url: string): Promise<RedisClient> {
  const client = createClient({ url })
  // A server that the benchmark stops is no failure of its own.
  client.on('error', () => undefined)
  await client.connect()
  stage.onClear(() => {
    client.destroy()
    return Promise.resolve()
  })
  return client
}

/** The commands that clients send to this Redis while `act` runs; what scripts do inside it is no round trip. */
export async function countCommands(stage: Stage, url: string, act: () => Promise<void>): Promise<number> {
  const client = createClient({ url })
  const monitor = createClient({ url })
  for (const one of [client, monitor]) one.on('error', () => undefined)
  await Promise.all([client.connect(), monitor.connect()])
  const lines: string[] = []
  await monitor.monitor((line) => lines.push(line))
  try {
    await mark(client, lines, 'begin', stage.signal)
    const before = lines.length
    await act()
    await mark(client, lines, 'end', stage.signal)
    return lines.slice(before, -1).filter((line) => !/^\S+ \[\d+ lua\]/.test(line)).length
  } finally {
    client.destroy()
    monitor.destroy()
  }
}

/** Resolves when MONITOR has told of everything so far: it tells of commands in their order. */
async function mark(
  client: RedisClient,
  lines: readonly string[],
  word: string,
  signal: AbortSignal,
): Promise<void> {
  await client.sendCommand(['ECHO', word])
  while (!lines.some((line) => line.endsWith(`"ECHO" "${word}"`))) {
    await pause(1, undefined, { signal })
  }
}
