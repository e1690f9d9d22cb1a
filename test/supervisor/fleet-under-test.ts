// A fleet in this process with everything it told, and how to wait for what it will tell.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { Fleet } from '../../src/supervisor/fleet.ts'
import { readProcess } from '../../src/supervisor/process-table.ts'
import type {
  FleetOptions,
  FleetPorts,
  InstanceDeath,
  InstanceView,
} from '../../src/supervisor/fleet-options.ts'

const deadlineMs = 20_000
const pollIntervalMs = 10

/** Polls until `look` finds something; fails, naming `what`, after 20 s. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const lateAtMs = Date.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > lateAtMs) throw new Error(`Cannot go on: waited ${deadlineMs} ms until ${what}`)
    await delay(pollIntervalMs)
  }
}

export function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name)
}

type Cleanup = () => unknown
const cleanups = new WeakMap<TestContext, Cleanup[]>()

/** Cleans up after the test, the latest first: what stands in a folder ends before the folder goes. */
export function afterwards(context: TestContext, cleanup: Cleanup): void {
  const known = cleanups.get(context)
  if (known !== undefined) {
    known.push(cleanup)
    return
  }
  const stack = [cleanup]
  cleanups.set(context, stack)
  context.after(async () => {
    for (const one of stack.toReversed()) await one()
  })
}

/** A folder that is removed after the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drover-supervisor-'))
  afterwards(context, () => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Those of the processes that still run. Zombies do not: init collects them when it likes. */
export async function runningOf(pids: readonly number[]): Promise<readonly number[]> {
  const entries = await Promise.all(pids.map(readProcess))
  return entries.flatMap((entry) => (entry === undefined || entry.isZombie ? [] : [entry.pid]))
}

/** Resolves when none of the processes runs any more. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  await until('they are gone', async () => (await runningOf(pids)).length === 0)
}

export interface FleetUnderTest {
  readonly fleet: Fleet
  readonly log: string[]
  readonly changes: (readonly InstanceView[])[]
  readonly deaths: InstanceDeath[]
  /** `id stream line` of everything printed. */
  readonly output: string[]
  readonly stateDir: string
  readonly instance: (id: string) => InstanceView
  readonly untilReady: () => Promise<readonly InstanceView[]>
}

/** A fleet of the fixture program `name`, not started yet; stopped after the test. */
export function fleetOf(
  context: TestContext,
  name: string,
  options: Partial<FleetOptions> = {},
  ports: Partial<FleetPorts> = {},
): FleetUnderTest {
  const stateDir = options.stateDir ?? temporaryFolder(context)
  const log: string[] = []
  const changes: (readonly InstanceView[])[] = []
  const deaths: InstanceDeath[] = []
  const output: string[] = []
  const fleet = new Fleet(
    {
      command: [process.execPath, fixture(name)],
      cwd: stateDir,
      env: process.env,
      instances: 1,
      version: 'test',
      healthPath: undefined,
      readyTimeoutMs: 15_000,
      stopTimeoutMs: 5_000,
      stateDir,
      ...options,
    },
    {
      clock: systemClock,
      random: Math.random,
      log: (line) => log.push(line),
      onChange: (views) => changes.push(views),
      onOutput: (id, stream, line) => output.push(`${id} ${stream} ${line}`),
      onDeath: (death) => deaths.push(death),
      ...ports,
    },
  )
  afterwards(context, () => fleet.stop())
  const instance = (id: string) => {
    const view = fleet.instances().find((one) => one.id === id)
    if (view === undefined) throw new Error(`Cannot find instance ${id}`)
    return view
  }
  const untilReady = () =>
    until('all instances are ready', () => {
      const views = fleet.instances()
      return views.every((view) => view.state === 'ready') && views
    })
  return { fleet, log, changes, deaths, output, stateDir, instance, untilReady }
}
