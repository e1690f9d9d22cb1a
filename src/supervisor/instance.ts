// One instance through all its starts and deaths: carries out what the lifecycle and the restart policy
// decide.
import { epochVariable, instanceVariable, portVariable, versionVariable } from '../base/wire.ts'
import type { Child, Exit } from './child.ts'
import { spawnChild } from './child.ts'
import { findCommandProblem } from './command.ts'
import { describeExit } from './death-reason.ts'
import type { FleetOptions, FleetPorts, InstanceState, InstanceView } from './fleet-options.ts'
import type { InstanceEvent } from './instance-lifecycle.ts'
import { nextState } from './instance-lifecycle.ts'
import { LastLines } from './last-lines.ts'
import { runVariable } from './leftovers.ts'
import type { LivingGroups } from './living-groups.ts'
import type { InstanceRole } from './plan.ts'
import type { PortPool } from './port-pool.ts'
import { endGroup, signalOwnGroup } from './process-group.ts'
import { describeMissing, waitUntilReady } from './readiness.ts'
import { decideRestart } from './restart-policy.ts'
import type { Cancel, Scheduler } from './scheduler.ts'
import { pause } from './scheduler.ts'
import type { Version } from './version.ts'

/** How long output that is still in the pipe may take after everything of the group is gone. */
const lastOutputMs = 1_000

export interface InstancePorts extends FleetPorts {
  readonly scheduler: Scheduler
  readonly groups: LivingGroups
  readonly portPool: PortPool
  /** The mark of this run of the fleet. */
  readonly run: string
  /** The instance's view changed. */
  readonly onInstanceChange: () => void
}

/** One start of the process, from the choice of its port to its death. */
interface Start {
  readonly epoch: number
  /** Aborted as soon as it is not to become ready any more. */
  readonly abandon: AbortController
  readonly startedAtMs: number
  readonly lastLines: LastLines
  readonly over: PromiseWithResolvers<void>
  child?: Child
  port?: number
  host?: string | undefined
  readyAtMs?: number
  /** Why we killed it ourselves. */
  verdict?: string
  /** Settles when launching goes no further. */
  launched?: Promise<void>
}

/** What an instance is when it is added to the fleet. */
export interface InstanceSeed {
  readonly id: string
  /** The epoch of the last start under this id; 0 when there was none. */
  readonly lastEpoch: number
  readonly version: Version
  readonly role: InstanceRole
}

export class Instance {
  readonly id: string
  readonly version: Version
  readonly #options: FleetOptions
  readonly #ports: InstancePorts
  readonly #clearing = new Set<Promise<void>>()
  readonly #gone = Promise.withResolvers<void>()
  #state: InstanceState = 'stopped'
  #role: InstanceRole
  #isRetiring = false
  #start: Start | undefined
  #epoch: number
  #restarts = 0
  #earlyDeaths = 0
  #dueAtMs: number | undefined
  #cancelRestart: Cancel | undefined
  #stopping: Promise<void> | undefined

  constructor({ id, lastEpoch, version, role }: InstanceSeed, options: FleetOptions, ports: InstancePorts) {
    this.id = id
    this.version = version
    this.#role = role
    this.#epoch = lastEpoch
    this.#options = options
    this.#ports = ports
  }

  get view(): InstanceView {
    const start = this.#start
    return {
      id: this.id,
      epoch: this.#epoch,
      version: this.version,
      role: this.#role,
      isRetiring: this.#isRetiring,
      pid: start?.child?.group.pid,
      host: start?.host,
      port: start?.port,
      state: this.#state,
      restarts: this.#restarts,
      startedAtMs: start?.startedAtMs,
      readyAtMs: start?.readyAtMs,
    }
  }

  /** Resolves when the start with this epoch is over. */
  ended(epoch: number): Promise<void> {
    const start = this.#start
    return start?.epoch === epoch ? start.over.promise : Promise.resolve()
  }

  /** Resolves when it was stopped, or died while it was drained, and nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  /** What it wrote last in the start that runs. */
  get lastLines(): readonly string[] {
    return this.#start?.lastLines.all ?? []
  }

  /** When the next start is due; undefined when none is planned. */
  get dueAtMs(): number | undefined {
    return this.#dueAtMs
  }

  /** Starts the process. Resolves when its command runs, or when it could not be run and waits for another try. */
  start(): Promise<void> {
    this.#epoch += 1
    this.#dueAtMs = undefined
    const start: Start = {
      epoch: this.#epoch,
      abandon: new AbortController(),
      startedAtMs: this.#ports.clock.now(),
      lastLines: new LastLines(),
      over: Promise.withResolvers<void>(),
    }
    this.#start = start
    this.#move('start')
    const spawned = this.#launch(start)
    start.launched = spawned.then(() => this.#awaitReady(start))
    return spawned
  }

  /** Plans the next start for `dueAtMs` instead. */
  rescheduleRestart(dueAtMs: number): void {
    this.#cancelRestart?.()
    this.#dueAtMs = dueAtMs
    this.#cancelRestart = this.#ports.scheduler.after(Math.max(0, dueAtMs - this.#ports.clock.now()), () => {
      this.#restart()
    })
  }

  /** Takes or gives up a place among those that are given requests. */
  assign(role: InstanceRole): void {
    if (this.#role === role) return
    this.#role = role
    this.#ports.onInstanceChange()
  }

  /** To be replaced by another, then drained. A death does so too: what comes after it is new. */
  retire(): void {
    if (this.#isRetiring) return
    this.#isRetiring = true
    this.#ports.onInstanceChange()
  }

  /**
   * SIGKILLs the whole group; the death is told as any other, with `verdict` as its reason, if there is one. Undefined when no
   * process runs.
   */
  kill(verdict?: string): number | undefined {
    const start = this.#start
    const child = start?.child
    if (start === undefined || child === undefined || child.hasExited) return undefined
    if (verdict !== undefined) start.verdict = verdict
    signalOwnGroup(child.group.pid, 'SIGKILL')
    return child.group.pid
  }

  /** Gives it nothing new, waits until it has finished what it has, then stops it. Resolves when its group is gone. */
  async drain(): Promise<void> {
    if (this.#state === 'ready') {
      const epoch = this.#epoch
      this.#move('drain')
      const drained = this.#ports.drained?.(this.id, epoch, this.#options.drainTimeoutMs)
      // Nobody waits for one that died, or that was stopped meanwhile.
      await Promise.race([drained, this.ended(epoch), this.gone])
    }
    await this.stop()
  }

  /** Ends the instance for good: SIGTERM, SIGKILL after the stop timeout. Resolves when its group is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#cancelRestart?.()
    this.#dueAtMs = undefined
    if (this.#state === 'backoff') this.#move('stop')
    else if (this.#state !== 'stopped' && this.#state !== 'stopping') await this.#end()
    await Promise.all(this.#clearing)
    this.#gone.resolve()
  }

  async #end(): Promise<void> {
    const start = this.#start
    start?.abandon.abort()
    this.#move('stop')
    await start?.launched
    if (start !== undefined) await this.#clear(start, this.#options.stopTimeoutMs)
    this.#start = undefined
    this.#move('ended')
  }

  #move(event: InstanceEvent): void {
    this.#state = nextState(this.#state, event)
    this.#ports.onInstanceChange()
  }

  async #launch(start: Start): Promise<void> {
    try {
      start.port = await this.#ports.portPool.take()
      if (start.abandon.signal.aborted) return
      start.child = await this.#spawn(start, start.port)
      await this.#ports.groups.add(start.child.group)
      if (start.abandon.signal.aborted) {
        // Still behind the gate. A stop ends it; a death that came before `child` was known left it to us.
        if (this.#start !== start) await this.#clear(start, 0)
        return
      }
      start.child.open()
      this.#ports.onInstanceChange()
    } catch (error) {
      this.#die(start, `could not be started: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #spawn(start: Start, port: number): Promise<Child> {
    const { command, cwd, env } = this.version
    const problem = findCommandProblem(command, cwd, env)
    if (problem !== undefined) throw new Error(problem)
    const own = {
      [portVariable]: String(port),
      [instanceVariable]: this.id,
      [epochVariable]: String(start.epoch),
      [versionVariable]: this.version.label,
      [runVariable]: this.#ports.run,
    }
    return spawnChild({
      command,
      cwd,
      env: { ...env, ...own },
      onOutput: (stream, line) => {
        start.lastLines.add(line)
        this.#ports.onOutput(this.id, stream, line)
      },
      onExit: (exit) => {
        this.#handleExit(start, exit)
      },
    })
  }

  async #awaitReady(start: Start): Promise<void> {
    const { port, abandon } = start
    if (port === undefined || abandon.signal.aborted) return
    const { readyTimeoutMs, healthPath } = this.#options
    const cancel = this.#ports.scheduler.after(readyTimeoutMs, () => {
      const missing = start.host === undefined ? `: ${describeMissing({ port, path: healthPath })}` : ''
      start.verdict = `was not ready within ${readyTimeoutMs} ms${missing}`
      abandon.abort()
      this.kill()
    })
    const host = await waitUntilReady({ port, path: healthPath }, this.#ports.scheduler, abandon.signal)
    start.host = host
    const refusal = host === undefined ? undefined : await this.#ports.admit?.(this.view)
    cancel()
    if (host === undefined || abandon.signal.aborted) return
    if (refusal !== undefined) {
      this.kill(`was refused: ${refusal}`)
      return
    }
    start.readyAtMs = this.#ports.clock.now()
    this.#move('ready')
  }

  #handleExit(start: Start, exit: Exit): void {
    // While stopping, what remains of the group has its grace: `npm start` dies at once, the server
    // behind it drains.
    if (this.#state === 'stopping') return
    const wasReady = start.readyAtMs !== undefined
    const isKill = start.verdict === undefined && exit.signal === 'SIGKILL'
    this.#die(start, start.verdict ?? describeExit(exit, wasReady), isKill)
  }

  #die(start: Start, reason: string, isKill = false): void {
    if (this.#start !== start || this.#state === 'stopping') return
    start.abandon.abort()
    start.over.resolve()
    const pid = start.child?.group.pid
    // Now, while the id cannot have been given to anyone else: grandchildren die with their instance.
    if (pid !== undefined) signalOwnGroup(pid, 'SIGKILL')
    this.#start = undefined
    const nowMs = this.#ports.clock.now()
    const dueAtMs = this.#decideRestart(start, nowMs)
    // A draining instance is not started again.
    this.#dueAtMs = nextState(this.#state, 'died') === 'backoff' ? dueAtMs : undefined
    this.#isRetiring = false
    const cleared = this.#clear(start, 0)
    this.#track(cleared)
    this.#move('died')
    // The fleet may have brought the restart forward when it was told of the move, or have no use for it any more.
    const restartInMs = this.#dueAtMs === undefined ? undefined : Math.max(0, this.#dueAtMs - nowMs)
    const lastLines = cleared.then(
      () => start.lastLines.all,
      () => start.lastLines.all,
    )
    const { id, version } = this
    const earlyDeaths = this.#earlyDeaths
    this.#ports.onDeath?.({
      id,
      epoch: start.epoch,
      version,
      pid,
      reason,
      isKill,
      earlyDeaths,
      restartInMs,
      lastLines,
    })
    if (restartInMs === 0) this.#restart()
    else if (restartInMs !== undefined) this.rescheduleRestart(nowMs + restartInMs)
  }

  #decideRestart(start: Start, nowMs: number): number {
    const readyForMs = start.readyAtMs === undefined ? undefined : nowMs - start.readyAtMs
    const decision = decideRestart({ earlyDeaths: this.#earlyDeaths, readyForMs }, this.#ports.random())
    this.#earlyDeaths = decision.earlyDeaths
    return nowMs + decision.delayMs
  }

  #restart(): void {
    if (this.#state !== 'backoff') return
    this.#restarts += 1
    this.#track(this.start())
  }

  /** Ends what is left of a start and forgets its group and port. */
  async #clear(start: Start, graceMs: number): Promise<void> {
    const { child, port } = start
    if (child !== undefined) {
      const isGone = await endGroup(child.group, graceMs, this.#ports.scheduler)
      if (!isGone) this.#ports.log(`Cannot end process group ${child.group.pid}: it outlived SIGKILL`)
      await this.#awaitLastOutput(child)
      await this.#ports.groups.remove(child.group.pid)
    }
    if (port !== undefined) this.#ports.portPool.release(port)
  }

  async #awaitLastOutput(child: Child): Promise<void> {
    const over = new AbortController()
    const { signal } = over
    await Promise.race([child.outputEnded, pause(this.#ports.scheduler, lastOutputMs, signal)])
    // Also takes the timer away.
    over.abort()
    child.closeOutput()
  }

  #track(work: Promise<void>): void {
    this.#clearing.add(work)
    const forget = () => {
      this.#clearing.delete(work)
    }
    work.then(forget, (error: unknown) => {
      forget()
      this.#ports.log(`Cannot clean up after instance ${this.id}: ${String(error)}`)
    })
  }
}
