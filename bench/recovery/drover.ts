// Drover as people run it: `drover up` with the shop's own configuration, and `drover deploy`.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ControlClient } from '../../src/control/client.ts'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import type { Stage } from '../stage.ts'
import { instanceCount, type Contender, type Databases, type ShopFleet } from './fleet.ts'
import { root } from './keeper.ts'

const run = promisify(execFile)
const main = join(root, 'src/cli/main.ts')
const command: readonly string[] = ['--conditions=source', main]
const config = join(root, 'examples/shop/drover.config.ts')

const startTimeoutMs = 60_000
const stopTimeoutMs = 20_000
const deployTimeoutMs = 120_000
const pollMs = 50

export interface DroverFleet extends ShopFleet {
  readonly stateDir: string
  status(): Promise<FleetSnapshot>
}

export interface DroverChoices {
  /** Further variables of `drover up` itself. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts it and waits until every instance is ready. */
export async function startDroverFleet(
  stage: Stage,
  databases: Databases,
  choices: DroverChoices = {},
): Promise<DroverFleet> {
  const stateDir = await stage.folder()
  const words = [
    'up',
    '--config',
    config,
    '--state',
    stateDir,
    '--port',
    '0',
    '--instances',
    `${instanceCount}`,
  ]
  const child = spawn(process.execPath, [...command, ...words], {
    cwd: root,
    env: { ...process.env, ...databases.environment, ...choices.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-4_096)))
  stage.onClear(() => end(child))
  const client = new ControlClient({ stateDir, currentDir: root, shownAs: stateDir })
  const ready = await untilReady(stage, client, () => {
    if (child.exitCode !== null) throw new Error(`Cannot start drover up: it ended\n${said}`)
  })
  const fleet: DroverFleet = {
    origin: ready.url,
    stateDir,
    status: () => client.status(),
    instances: async () => (await client.status()).instances.flatMap(({ pid }) => pid ?? []),
    roll: (signal) => rollDrover(fleet, signal),
  }
  return fleet
}

/** A deploy of the same code: every instance is replaced. Rejects with what the command said when it failed. */
export async function rollDrover({ stateDir }: DroverFleet, signal: AbortSignal): Promise<void> {
  const words = ['deploy', '--state', stateDir]
  await run(process.execPath, [...command, ...words], { cwd: root, signal, timeout: deployTimeoutMs })
}

async function untilReady(stage: Stage, client: ControlClient, check: () => void): Promise<FleetSnapshot> {
  const endMs = performance.now() + startTimeoutMs
  for (;;) {
    check()
    const snapshot = await client.status().catch(() => undefined)
    const instances = snapshot?.instances.filter(({ state }) => state === 'ready') ?? []
    if (snapshot !== undefined && instances.length >= instanceCount) return snapshot
    if (performance.now() >= endMs)
      throw new Error(`Cannot use drover up: not ready after ${startTimeoutMs / 1_000} s`)
    await pause(pollMs, undefined, { signal: stage.signal })
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  // Its guardian ends whatever it leaves behind.
  const deadline = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exited
  clearTimeout(deadline)
}

export const drover: Contender = {
  key: 'drover',
  name: 'Drover',
  isInstalled: () => true,
  start: startDroverFleet,
}
