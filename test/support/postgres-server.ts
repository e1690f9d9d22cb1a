// A PostgreSQL of the test's own: a fresh cluster in a temporary folder, on a free loopback port.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { postgres } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

export interface PostgresServer {
  /** postgres://…, of a superuser and an empty database. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it at once, as a crash would: no connection is said goodbye to, and the next start recovers. */
  crash(): Promise<void>
  /** Starts it again on what it had stored, after a crash. */
  restart(): Promise<void>
  /** SIGSTOP to all its processes: connections are accepted in the kernel, and nothing is answered. */
  pause(): void
  resume(): void
  /** Ends the server and removes its folder. Idempotent. */
  stop(): Promise<void>
}

interface User {
  readonly uid: number
  readonly gid: number
}

const readyTimeoutMs = 20_000
const stopTimeoutMs = 10_000

/** initdb and postgres refuse to run as root; then the user that the package brings runs them. */
function serverUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** The cluster lies one level down, so that its user owns it while the temporary folder stays ours to remove. */
function makeFolder(user: User | undefined): { readonly folder: string; readonly data: string } {
  const folder = mkdtempSync(join(tmpdir(), 'drover-postgres-'))
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (user === undefined) return { folder, data }
  chmodSync(folder, 0o711)
  chownSync(data, user.uid, user.gid)
  return { folder, data }
}

function makeCluster(binaries: string, data: string, options: SpawnOptions): void {
  const args = ['-D', data, '--username=drover', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(join(binaries, 'initdb'), args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
}

function startServer(binaries: string, data: string, port: number, options: SpawnOptions): ChildProcess {
  const settings = ['fsync=off', 'shared_buffers=16MB', 'max_connections=50', 'logging_collector=off']
  const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', data]
  const given = settings.flatMap((setting) => ['-c', setting])
  return spawn(join(binaries, 'postgres'), [...args, ...given], options)
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  // A connection that breaks while it is being made is told by connect() as well.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/**
 * SIGINT is PostgreSQL's fast shutdown: it ends the sessions and then itself. SIGQUIT ends it without more ado, and its
 * sessions with it; those of a server that SIGKILL ends stay a while.
 */
async function stopServer(server: ChildProcess, how: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  const signals =
    how === 'SIGINT' ? (['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) : (['SIGQUIT', 'SIGKILL'] as const)
  for (const signal of signals) {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit', { signal: AbortSignal.timeout(stopTimeoutMs) })
    server.kill(signal)
    await exited.catch(() => undefined)
  }
}

/** Each connection is served by a process of its own. */
function signalAll(server: ChildProcess, signal: NodeJS.Signals): void {
  const { stdout } = spawnSync('pgrep', ['-P', String(server.pid)], { encoding: 'utf8' })
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), signal)
    } catch {
      // It ended meanwhile.
    }
  }
  server.kill(signal)
}

async function untilAnswering(server: ChildProcess, url: string): Promise<void> {
  let log = ''
  server.stderr?.on('data', (chunk: Buffer) => (log += String(chunk)))
  await until(
    'answer from PostgreSQL',
    () => {
      if (server.exitCode !== null)
        throw new Error(`Cannot start PostgreSQL: it ended with ${server.exitCode}\n${log}`)
      return answers(url)
    },
    readyTimeoutMs,
  )
}

/** Starts a PostgreSQL and resolves once it answers a query. */
export async function startPostgres(): Promise<PostgresServer> {
  const binaries = dirname(requirePart(postgres))
  const user = serverUser()
  const { folder, data } = makeFolder(user)
  const options: SpawnOptions = { cwd: data, ...user }
  const port = await freePort()
  const url = `postgres://drover@127.0.0.1:${port}/postgres`
  let server: ChildProcess | undefined
  const start = async (): Promise<ChildProcess> => {
    server = startServer(binaries, data, port, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    await untilAnswering(server, url)
    return server
  }
  const stop = async () => {
    if (server !== undefined) {
      // A paused one would not hear of it.
      signalAll(server, 'SIGCONT')
      await stopServer(server, 'SIGINT')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    makeCluster(binaries, data, options)
    let running = await start()
    return {
      url,
      port,
      get pid() {
        return Number(running.pid)
      },
      crash: () => stopServer(running, 'SIGQUIT'),
      restart: async () => {
        running = await start()
      },
      pause: () => signalAll(running, 'SIGSTOP'),
      resume: () => signalAll(running, 'SIGCONT'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
