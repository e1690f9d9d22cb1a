// A fleet in this process with everything it told, and how to wait for what it will tell.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Fleet } from '../../src/supervisor/fleet.ts'
import type { FleetWish } from '../../src/supervisor/plan.ts'
import type { Version } from '../../src/supervisor/version.ts'
import type {
  FleetOptions,
  FleetPorts,
  InstanceDeath,
  InstanceView,
} from '../../src/supervisor/fleet-options.ts'
import { until } from '../support/until.ts'

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

export interface FleetSetup extends Partial<FleetOptions>, Partial<Pick<Version, 'command' | 'cwd' | 'env'>> {
  readonly instances?: number
  readonly spares?: number
}

/** The fixture program `name` as version 1, or as another one. */
export function versionOf(name: string, version: Partial<Version> = {}): Version {
  const command = [process.execPath, fixture(name)]
  return { number: 1, label: 'a', command, cwd: tmpdir(), env: process.env, ...version }
}

/** A fleet of the fixture program `name`, not started yet; stopped after the test. */
export function fleetOf(
  context: TestContext,
  name: string,
  { instances = 1, spares = 0, command, cwd, env, ...options }: FleetSetup = {},
  ports: Partial<FleetPorts> = {},
): FleetUnderTest {
  const stateDir = options.stateDir ?? temporaryFolder(context)
  const version = versionOf(name, {
    cwd: cwd ?? stateDir,
    ...(command && { command }),
    ...(env && { env }),
  })
  const wish: FleetWish = {
    servers: [{ version, instances }],
    promised: instances,
    spares,
    spareVersion: version,
    surge: 1,
  }
  const log: string[] = []
  const changes: (readonly InstanceView[])[] = []
  const deaths: InstanceDeath[] = []
  const output: string[] = []
  const fleet = new Fleet(
    wish,
    {
      healthPath: undefined,
      readyTimeoutMs: 15_000,
      stopTimeoutMs: 5_000,
      drainTimeoutMs: 5_000,
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
  const instance = (id: string): InstanceView => {
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
