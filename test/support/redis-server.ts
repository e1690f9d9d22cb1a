// A real Redis server of the test's own, on a free loopback port.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisServer } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

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

const attempts = 5

/** Starts an empty server; on `port` where one is given, to bring a stopped one back. */
export async function startRedis(port?: number): Promise<RedisServer> {
  const program = requirePart(redisServer)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(program, port ?? (await freePort()))
    } catch (error) {
      // Somebody else may have taken the free port in between.
      if (port !== undefined || attempt === attempts) throw error
    }
  }
}

async function startOn(program: string, port: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-redis-'))
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
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
  let log = ''
  let failure: Error | undefined
  child.stdout?.on('data', (chunk) => {
    log += String(chunk)
  })
  child.once('error', (error) => {
    failure = error
  })
  child.once('exit', (code) => {
    failure ??= new Error(`Cannot start redis-server: it ended with ${code}\n${log}`)
  })
  await until('redis-server that accepts connections', () => {
    if (failure !== undefined) throw failure
    return log.includes('Ready to accept connections')
  })
}
