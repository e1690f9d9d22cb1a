// A real Redis server of the test's own, on a free loopback port.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { redisServer } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { kill } from './process.ts'
import { ready } from './ready.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it by force, as a crash would, and waits for its end. Idempotent. */
  readonly stop: () => Promise<void>
  /** SIGSTOP: it accepts connections in the kernel and answers nothing. */
  readonly pause: () => void
  readonly resume: () => void
}

/** How to start it: options of the command line, and for a Sentinel its configuration file, which it rewrites. */
export interface RedisProgram {
  readonly args: readonly string[]
  readonly sentinelConfig?: string
}

const attempts = 5

/** Starts an empty server; on `port` where one is given, to bring a stopped one back. */
export function startRedis(port?: number, options: readonly string[] = []): Promise<RedisServer> {
  return startRedisProgram({ args: ['--save', '', '--appendonly', 'no', ...options] }, port)
}

export async function startRedisProgram(program: RedisProgram, port?: number): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(program, port ?? (await freePort()))
    } catch (error) {
      // Somebody else may have taken the free port in between.
      if (port !== undefined || attempt === attempts) throw error
    }
  }
}

/** Never connects. Its duplicates share its class, which takes longer to make than a server to answer. */
const model = createClient({ disableOfflineQueue: true })

/** Sends one command over a connection of its own. */
export async function askRedis(server: RedisServer, ...command: readonly string[]): Promise<unknown> {
  const client = model.duplicate({ url: server.url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.sendCommand([...command])
  } finally {
    client.destroy()
  }
}

/** Whether it replicates another server now; false as well while it does not answer. */
export async function isReplica(server: RedisServer): Promise<boolean> {
  const role = await askRedis(server, 'ROLE').catch(() => [])
  return Array.isArray(role) && role[0] === 'slave'
}

async function startOn(program: RedisProgram, port: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-redis-'))
  const configFile = join(folder, 'sentinel.conf')
  if (program.sentinelConfig !== undefined) await writeFile(configFile, program.sentinelConfig)
  const args = [
    ...(program.sentinelConfig === undefined ? [] : [configFile, '--sentinel']),
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    ...program.args,
  ]
  const child = spawn(requirePart(redisServer), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await isReady(child)
  } catch (error) {
    if (child.pid !== undefined) await stop()
    throw error
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  }
}

async function isReady(child: ChildProcess): Promise<void> {
  await ready(child, 'redis-server', (said) => /Ready to accept connections|Sentinel ID is/.test(said))
}
