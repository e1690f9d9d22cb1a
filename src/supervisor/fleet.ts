// All instances of one run: starts them, keeps them as wished, ends them, and leaves nothing behind.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DroverError } from '../base/errors.ts'
import { requireRunnable } from './command.ts'
import type { FleetOptions, FleetPorts, InstanceView } from './fleet-options.ts'
import { GroupRecord } from './group-record.ts'
import { Guardian } from './guardian.ts'
import { Instance, type InstancePorts } from './instance.ts'
import { reapLeftovers } from './leftovers.ts'
import { LivingGroups } from './living-groups.ts'
import { planSteps, type FleetWish, type InstanceRole, type PlannedInstance, type Step } from './plan.ts'
import { PortPool } from './port-pool.ts'
import { identifyGroup } from './process-group.ts'
import { hastenRestart } from './restart-policy.ts'
import type { Scheduler } from './scheduler.ts'
import { systemScheduler } from './scheduler.ts'
import { StateFolder, type FolderState } from './state-folder.ts'
import type { Version } from './version.ts'

const recordName = 'groups.json'

/** A fleet is started once and stopped once. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #ports: FleetPorts
  readonly #instancePorts: InstancePorts
  readonly #scheduler: Scheduler
  readonly #folder: StateFolder
  readonly #record: GroupRecord
  readonly #guardian: Guardian
  readonly #groups: LivingGroups
  readonly #instances = new Map<string, Instance>()
  /** The last epoch of each id. */
  readonly #epochs = new Map<string, number>()
  /** What instances that were added do until their command runs. */
  readonly #launching = new Set<Promise<void>>()
  /** What instances that leave do until nothing of them is left. */
  readonly #leaving = new Set<Promise<void>>()
  #wish: FleetWish
  #isPlanning = false
  /** What instances are useless without is there. */
  #isOpen = false
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(wish: FleetWish, options: FleetOptions, ports: FleetPorts) {
    const run = randomUUID()
    this.#wish = wish
    this.#options = options
    this.#ports = ports
    this.#scheduler = ports.scheduler ?? systemScheduler
    this.#folder = new StateFolder(options.stateDir)
    this.#record = new GroupRecord(join(options.stateDir, recordName), run)
    this.#guardian = new Guardian({ ...ports, scheduler: this.#scheduler })
    this.#groups = new LivingGroups(this.#folder, this.#record, this.#guardian, ports.log)
    this.#instancePorts = {
      ...ports,
      scheduler: this.#scheduler,
      groups: this.#groups,
      portPool: new PortPool(),
      run,
      onInstanceChange: () => {
        this.#handleChange()
      },
    }
  }

  /**
   * Resolves when every command runs (readiness is told through `onChange`). Throws OPTION_INVALID when
   * the command does not exist, FLEET_ALREADY_RUNNING when another fleet has the state folder and STATE_UNUSABLE
   * when that cannot be written; nothing runs then.
   */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  get wish(): FleetWish {
    return this.#wish
  }

  /** From now on the fleet moves towards this; what happens on the way is told through `onChange`. */
  setWish(wish: FleetWish): void {
    this.#wish = wish
    this.#pursueWish()
  }

  /** Every instance as it is now, in the order of ids. */
  instances(): readonly InstanceView[] {
    return [...this.#instances.values()]
      .map((instance) => instance.view)
      .toSorted((left, right) => Number(left.id) - Number(right.id))
  }

  /** The last lines that a running instance wrote; none of one that is not there. */
  linesOf(id: string): readonly string[] {
    return this.#instances.get(id)?.lastLines ?? []
  }

  /**
   * Has the state folder there again, with the record of processes, where somebody has removed it. Throws STATE_UNUSABLE where that
   * cannot be done.
   */
  keepFolder(): FolderState {
    const state = this.#folder.keep()
    if (state === 'regained') this.#groups.record()
    return state
  }

  /** Throws STATE_UNUSABLE while the state folder is removed or another fleet's: nothing may be written there then. */
  requireFolder(): void {
    this.#folder.requireOurs()
  }

  /** The process that ends everything should this one be killed; undefined while none runs. */
  get guardianPid(): number | undefined {
    return this.#guardian.pid
  }

  /**
   * SIGKILLs the instance's whole group. `verdict`: why we do so, told as the reason of its death. Throws INSTANCE_UNKNOWN or
   * INSTANCE_NOT_RUNNING.
   */
  kill(id: string, verdict?: string): { readonly id: string; readonly pid: number } {
    const instance = this.#find('kill', id)
    const pid = instance.kill(verdict)
    if (pid !== undefined) return { id, pid }
    throw notRunning('kill', instance)
  }

  /**
   * Has the instance replaced, then drained and stopped: no capacity is lost. Resolves when it has gone. Throws INSTANCE_UNKNOWN, or
   * INSTANCE_NOT_RUNNING where it is not ready or leaves already.
   */
  async retire(id: string): Promise<void> {
    const instance = this.#find('drain', id)
    if (instance.view.state !== 'ready') throw notRunning('drain', instance)
    const { epoch } = instance.view
    instance.retire()
    // A death makes an end of it as well: what runs under this id then is new.
    await Promise.race([instance.gone, instance.ended(epoch)])
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
    for (const { version } of this.#wish.servers) requireRunnable(version)
    await this.#folder.take()
    try {
      await reapLeftovers(this.#record.read(this.#ports.log), this.#scheduler, this.#ports.log)
      this.#groups.record()
      if (this.isStopping) return
      this.#guardian.start()
      const isWanted = (await this.#ports.beforeInstances?.()) ?? true
      if (!isWanted || this.isStopping) return
      this.#isOpen = true
      this.#pursueWish()
      await Promise.all(this.#launching)
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
    await Promise.all([...this.#instances.values()].map((instance) => instance.stop()))
    await Promise.all(this.#leaving)
    await this.#guardian.close()
    this.#releaseFolder()
  }

  /** What stays there names a dead process, so that the next run takes it over. */
  #releaseFolder(): void {
    try {
      this.#folder.release()
    } catch (error) {
      this.#ports.log(error instanceof Error ? error.message : String(error))
    }
  }

  #handleChange(): void {
    const views = this.instances()
    this.#ports.onChange(views)
    this.#hasten(views.some(({ state, role }) => state === 'ready' && role === 'server'))
    this.#pursueWish()
  }

  /** Takes steps until there is nothing to do but wait. Each step is a change, which asks for this again. */
  #pursueWish(): void {
    if (this.#isPlanning || this.isStopping || !this.#isOpen) return
    this.#isPlanning = true
    try {
      for (;;) {
        const steps = planSteps(this.#wish, this.instances().map(planned))
        if (steps.length === 0) return
        for (const step of steps) this.#take(step)
      }
    } finally {
      this.#isPlanning = false
    }
  }

  #take(step: Step): void {
    switch (step.kind) {
      case 'add':
        this.#add(step.version, step.role)
        return
      case 'assign':
        this.#instances.get(step.id)?.assign(step.role)
        return
      case 'drain':
        this.#dismiss(step.id, (instance) => instance.drain())
        return
      case 'remove':
        this.#dismiss(step.id, (instance) => instance.stop())
    }
  }

  #add(version: Version, role: InstanceRole): void {
    const id = this.#freeId()
    const seed = { id, lastEpoch: this.#epochs.get(id) ?? 0, version, role }
    const instance = new Instance(seed, this.#options, this.#instancePorts)
    this.#instances.set(id, instance)
    const launched = instance.start()
    this.#launching.add(launched)
    void launched.finally(() => this.#launching.delete(launched))
  }

  #freeId(): string {
    let number = 1
    while (this.#instances.has(String(number))) number += 1
    return String(number)
  }

  /** Its id is free once nothing of it is left. */
  #dismiss(id: string, end: (instance: Instance) => Promise<void>): void {
    const instance = this.#instances.get(id)
    if (instance === undefined) return
    const left = this.#seeOff(instance, end).catch((error: unknown) => {
      this.#ports.log(`Cannot end instance ${id}: ${String(error)}`)
    })
    this.#leaving.add(left)
    void left.finally(() => this.#leaving.delete(left))
  }

  async #seeOff(instance: Instance, end: (instance: Instance) => Promise<void>): Promise<void> {
    await end(instance)
    this.#epochs.set(instance.id, instance.view.epoch)
    // While the whole fleet stops, what has stopped is still shown.
    if (!this.isStopping) this.#instances.delete(instance.id)
    this.#handleChange()
  }

  #find(wanted: string, id: string): Instance {
    const instance = this.#instances.get(id)
    if (instance !== undefined) return instance
    const known = this.instances().map((one) => one.id)
    throw new DroverError(
      'INSTANCE_UNKNOWN',
      `Cannot ${wanted} instance ${JSON.stringify(id)}: the fleet has ${known.join(', ')}`,
    )
  }

  #hasten(isAnyReady: boolean): void {
    const waiting = [...this.#instances.values()].flatMap(({ id, dueAtMs }) =>
      dueAtMs === undefined ? [] : [{ id, dueAtMs }],
    )
    const hastened = hastenRestart(this.#ports.clock.now(), isAnyReady, waiting)
    if (hastened === undefined) return
    this.#instances.get(hastened.id)?.rescheduleRestart(hastened.dueAtMs)
  }
}

function planned({ version, ...view }: InstanceView): PlannedInstance {
  return { ...view, version: version.number }
}

function notRunning(wanted: string, { id, view }: Instance): DroverError {
  const why = wanted === 'kill' ? 'no process runs' : 'it is not ready'
  return new DroverError(
    'INSTANCE_NOT_RUNNING',
    `Cannot ${wanted} instance ${JSON.stringify(id)}: ${why} (${view.state})`,
  )
}
