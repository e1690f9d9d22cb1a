// All instances of one run: starts them, keeps them alive, ends them, and leaves nothing behind.
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DroverError } from '../base/errors.ts'
import { findCommandProblem } from './command.ts'
import type { FleetOptions, FleetPorts, InstanceView } from './fleet-options.ts'
import { GroupRecord } from './group-record.ts'
import { Guardian } from './guardian.ts'
import { Instance } from './instance.ts'
import { reapLeftovers } from './leftovers.ts'
import { LivingGroups } from './living-groups.ts'
import type { Lock } from './lock.ts'
import { acquireLock } from './lock.ts'
import { PortPool } from './port-pool.ts'
import { identifyGroup } from './process-group.ts'
import { hastenRestart } from './restart-policy.ts'
import type { Scheduler } from './scheduler.ts'
import { systemScheduler } from './scheduler.ts'

const lockName = 'lock'
const recordName = 'groups.json'

/** A fleet is started once and stopped once. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #ports: FleetPorts
  readonly #scheduler: Scheduler
  readonly #record: GroupRecord
  readonly #guardian: Guardian
  readonly #groups: LivingGroups
  readonly #instances: readonly Instance[]
  #lock: Lock | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: FleetOptions, ports: FleetPorts) {
    const run = randomUUID()
    this.#options = options
    this.#ports = ports
    this.#scheduler = ports.scheduler ?? systemScheduler
    this.#record = new GroupRecord(join(options.stateDir, recordName), run)
    this.#guardian = new Guardian({ ...ports, scheduler: this.#scheduler })
    this.#groups = new LivingGroups(this.#record, this.#guardian, ports.log)
    const instancePorts = {
      ...ports,
      scheduler: this.#scheduler,
      groups: this.#groups,
      portPool: new PortPool(),
      run,
      onInstanceChange: () => {
        this.#handleChange()
      },
    }
    this.#instances = Array.from(
      { length: options.instances },
      (_, index) => new Instance(String(index + 1), options, instancePorts),
    )
  }

  /**
   * Resolves when every command runs (readiness is told through `onChange`). Throws OPTION_INVALID when
   * the command does not exist and FLEET_ALREADY_RUNNING when another fleet has the state folder;
   * nothing runs then.
   */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  /** Every instance as it is now, in the order of ids. */
  instances(): readonly InstanceView[] {
    return this.#instances.map((instance) => instance.view)
  }

  /** The process that ends everything should this one be killed; undefined while none runs. */
  get guardianPid(): number | undefined {
    return this.#guardian.pid
  }

  /** SIGKILLs the instance's whole group. Throws INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  kill(id: string): { readonly id: string; readonly pid: number } {
    const instance = this.#instances.find((one) => one.id === id)
    if (instance === undefined) {
      const known = this.#instances.map((one) => one.id).join(', ')
      throw new DroverError(
        'INSTANCE_UNKNOWN',
        `Cannot kill instance ${JSON.stringify(id)}: the fleet has ${known}`,
      )
    }
    const pid = instance.kill()
    if (pid !== undefined) return { id, pid }
    const { state } = instance.view
    throw new DroverError(
      'INSTANCE_NOT_RUNNING',
      `Cannot kill instance ${JSON.stringify(id)}: no process runs (${state})`,
    )
  }

  /**
   * Stops for good: SIGTERM to each group, SIGKILL after the stop timeout. Resolves when all groups are gone,
   * grandchildren included. Processes that are still guarded are ended too: unguard what is to go on.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Whether it was asked to stop. */
  get isStopping(): boolean {
    return this.#stopping !== undefined
  }

  /** Has the running process `pid` (and its group, if it leads one) ended when the primary dies. */
  async guard(pid: number): Promise<void> {
    const group = await identifyGroup(pid)
    // Dead already: nobody needs to end it.
    if (group !== undefined) await this.#groups.add(group)
  }

  unguard(pid: number): Promise<void> {
    return this.#groups.remove(pid)
  }

  async #startAll(): Promise<void> {
    const { command, cwd, env, stateDir } = this.#options
    const problem = findCommandProblem(command, cwd, env)
    if (problem !== undefined) throw new DroverError('OPTION_INVALID', `Cannot start instance 1: ${problem}`)
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    this.#lock = await acquireLock(join(stateDir, lockName))
    try {
      await reapLeftovers(this.#record.read(this.#ports.log), this.#scheduler, this.#ports.log)
      this.#record.write([])
      if (this.isStopping) return
      this.#guardian.start()
      await this.#ports.beforeInstances?.()
      if (this.isStopping) return
      await Promise.all(this.#instances.map((instance) => instance.start()))
    } catch (error) {
      await this.#endAll()
      throw error
    }
  }

  async #stopAll(): Promise<void> {
    // A start that failed has told its caller and cleaned up; here it only matters that it is over.
    await this.#starting?.catch(() => undefined)
    await this.#endAll()
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop()))
    await this.#guardian.close()
    this.#lock?.release()
    this.#lock = undefined
  }

  #handleChange(): void {
    const views = this.instances()
    this.#ports.onChange(views)
    this.#hasten(views.some((view) => view.state === 'ready'))
  }

  #hasten(isAnyReady: boolean): void {
    const waiting = this.#instances.flatMap(({ id, dueAtMs }) =>
      dueAtMs === undefined ? [] : [{ id, dueAtMs }],
    )
    const hastened = hastenRestart(this.#ports.clock.now(), isAnyReady, waiting)
    if (hastened === undefined) return
    this.#instances.find((instance) => instance.id === hastened.id)?.rescheduleRestart(hastened.dueAtMs)
  }
}
