// A real `drover up` as a child process, watched over its control socket and ordered through its command line.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ControlClient } from '../../src/control/client.ts'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { until } from './until.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'src/cli/main.ts')

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one `drover` command to its end. */
export function drover(args: readonly string[], cwd: string = root): Promise<Finished> {
  const command = ['--conditions=source', main, ...args]
  return finish(spawn(process.execPath, command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }))
}

function finish(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += String(chunk)))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
}

export interface FleetUnderTest {
  readonly pid: number
  readonly url: string
  /** The run's state folder, which is also where the test may put its databases. */
  readonly folder: string
  /** Resolves when `drover up` has ended. */
  readonly ended: Promise<Finished>
  status(): Promise<FleetSnapshot>
  kill(id: string): Promise<Finished>
  signal(signal: NodeJS.Signals): void
  /** Stops it if it still runs, and removes the folder. */
  dispose(): Promise<void>
}

export interface FleetUnderTestOptions {
  /** Arguments of `drover up`; --state and --port 0 are added. */
  readonly args: readonly string[]
  /** The command is the shop: its databases go into the folder. */
  readonly shop?: boolean
  /** Another run's folder, to start again on it. */
  readonly folder?: string
}

/** It balances, and every instance is ready. Asked early, it has none yet. */
function isWhole({ url, instances }: FleetSnapshot): boolean {
  return url !== '' && instances.length > 0 && instances.every((instance) => instance.state === 'ready')
}

/** Starts `drover up` and waits until every instance is ready. */
export async function startFleet(options: FleetUnderTestOptions): Promise<FleetUnderTest> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'drover-fleet-')))
  const args = ['--conditions=source', main, 'up', '--state', folder, '--port', '0', ...options.args]
  const databases = {
    DATABASE_URL: `sqlite:${join(folder, 'orders.db')}`,
    SESSION_STORE: `sqlite:${join(folder, 'shop.db')}`,
  }
  const env = options.shop === true ? { ...process.env, ...databases } : process.env
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = finish(child)
  let result: Finished | undefined
  void ended.then((finished) => (result = finished))
  const client = new ControlClient({ stateDir: folder, currentDir: process.cwd(), shownAs: folder })
  const dispose = async () => {
    if (result === undefined) child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  const ready = await until('every instance is ready', async () => {
    if (result !== undefined) throw new Error(`drover up ended: ${result.stderr}${result.stdout}`)
    const snapshot = await client.status().catch(() => undefined)
    return snapshot !== undefined && isWhole(snapshot) ? snapshot : undefined
  }).catch(async (error: unknown) => {
    await dispose()
    throw error
  })
  return {
    pid: ready.pid,
    url: ready.url,
    folder,
    ended,
    status: () => client.status(),
    kill: (id) => drover(['kill', id, '--state', folder]),
    signal: (signal) => {
      child.kill(signal)
    },
    dispose,
  }
}
