// A control server whose commands are a test's own, and clients of it.
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ControlClient } from '../../src/control/client.ts'
import type { FleetCommands, Reloaded } from '../../src/control/commands.ts'
import type { DeployEnded } from '../../src/control/deploying.ts'
import { openControlServer } from '../../src/control/server.ts'
import { snapshot } from '../support/sample-snapshot.ts'
import { makeFolder } from './terminal.ts'

export const reloaded: Reloaded = {
  applied: ['limits'],
  restart: [],
  certificates: false,
  replaced: 0,
  cut: 0,
}

export const ended: DeployEnded = {
  kind: 'ended',
  outcome: 'done',
  version: 'v2',
  number: 2,
  running: 'v2',
  elapsedMs: 4_200,
  reason: null,
  lines: [],
}

/** Everything goes well, but for what `over` says. */
export function commands(over: Partial<FleetCommands> = {}): FleetCommands {
  return {
    snapshot: () => snapshot,
    kill: (id) => ({ id, pid: 7 }),
    drain: (id) => Promise.resolve({ id }),
    scale: (to) => ({ instances: to === 'auto' ? 2 : to, autoscale: null }),
    reload: () => Promise.resolve(reloaded),
    metrics: () => Promise.resolve('drover_up 1\n'),
    deploy: () => Promise.resolve(ended),
    rollback: () => Promise.resolve(ended),
    abortDeploy: () => ({ version: null }),
    history: () => [],
    logs: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    ...over,
  }
}

export function clientOf(stateDir: string): ControlClient {
  return new ControlClient({ stateDir, currentDir: process.cwd(), shownAs: 'here' })
}

export interface FakeFleet {
  readonly stateDir: string
  close(): Promise<void>
}

export async function serveFleet(t: TestContext, over: Partial<FleetCommands> = {}): Promise<FakeFleet> {
  const stateDir = join(await makeFolder(), 'state')
  const server = await openControlServer(stateDir, process.cwd(), commands(over))
  let closed: Promise<void> | undefined
  const close = () => (closed ??= server.close())
  t.after(close)
  return { stateDir, close }
}
