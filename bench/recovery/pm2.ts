// PM2's cluster mode: a daemon of its own in a temporary folder, three workers on one port, `pm2 reload` as the deploy.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../test/support/free-port.ts'
import type { Stage } from '../stage.ts'
import { instanceCount, type Contender, type Databases, type ShopFleet } from './fleet.ts'
import { untilHealthy } from './healthy.ts'
import { root, shopCommand } from './keeper.ts'

const run = promisify(execFile)
const commandTimeoutMs = 60_000
const endTimeoutMs = 5_000
const pollMs = 20
const app = 'shop'

function findProgram(): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve('pm2/bin/pm2'))
  } catch {
    return undefined
  }
}

/** One daemon, which its folder names. */
class Daemon {
  readonly #home: string
  readonly #program: string

  constructor(home: string, program: string) {
    this.#home = home
    this.#program = program
  }

  async command(words: readonly string[], signal?: AbortSignal): Promise<void> {
    const env = { ...process.env, PM2_HOME: this.#home }
    await run(process.execPath, [this.#program, ...words], {
      cwd: root,
      env,
      timeout: commandTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** PM2 writes a file with the pid whenever it starts a worker. */
  async workers(): Promise<readonly number[]> {
    const folder = join(this.#home, 'pids')
    const names = (await readdir(folder)).filter((name) => name.startsWith(`${app}-`)).toSorted()
    const pids = await Promise.all(names.map((name) => readPid(join(folder, name))))
    return pids.flatMap((pid) => (pid !== undefined && isRunning(pid) ? [pid] : []))
  }

  /** Ends the daemon with all its workers, and makes sure of it. */
  async end(): Promise<void> {
    const daemon = await readPid(join(this.#home, 'pm2.pid'))
    const pids = [...(await this.workers().catch(() => [])), ...(daemon === undefined ? [] : [daemon])]
    // A stopped worker would hear of it only when it went on.
    for (const pid of pids) send(pid, 'SIGCONT')
    await this.command(['kill']).catch(() => undefined)
    const endMs = performance.now() + endTimeoutMs
    while (pids.some(isRunning) && performance.now() < endMs) await pause(pollMs)
    for (const pid of pids) send(pid, 'SIGKILL')
  }
}

async function readPid(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

function isRunning(pid: number): boolean {
  return send(pid, 0)
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

async function start(stage: Stage, { environment }: Databases): Promise<ShopFleet> {
  const program = findProgram()
  if (program === undefined) throw new Error('Cannot find PM2: run npm ci')
  const home = await stage.folder()
  const port = await freePort()
  const daemon = new Daemon(home, program)
  const [condition, script] = shopCommand
  const declared = {
    name: app,
    cwd: root,
    script,
    interpreter: 'node',
    node_args: condition,
    instances: instanceCount,
    exec_mode: 'cluster',
    // It would look for a repository; the shop is no part of what it reports.
    vizion: false,
    env: { ...environment, PORT: String(port) },
  }
  const file = join(home, 'ecosystem.config.json')
  await writeFile(file, JSON.stringify({ apps: [declared] }))
  stage.onClear(() => daemon.end())
  await daemon.command(['start', file], stage.signal)
  const origin = `http://127.0.0.1:${port}`
  await untilHealthy(origin, stage.signal)
  return {
    origin,
    instances: () => daemon.workers(),
    roll: (signal) => daemon.command(['reload', app], signal),
  }
}

export const pm2: Contender = {
  key: 'pm2',
  name: 'PM2, cluster',
  isInstalled: () => findProgram() !== undefined,
  start,
}
