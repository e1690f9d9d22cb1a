// The hall: the one place that wires supervisor, balancer and control together, and says in which order they live and end.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { DroverError, isDroverError } from '../base/errors.ts'
import { fingerprintVariable, markerVariable } from '../base/wire.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetCommands, LogCommands, Reloaded, ReloadRequest } from '../control/commands.ts'
import type {
  DeployEnded,
  DeployEvent,
  DeployRequest,
  HistoryEntry,
  RollbackRequest,
} from '../control/deploying.ts'
import { openControlServer, type ControlServer } from '../control/server.ts'
import type { FleetSnapshot, Scale } from '../control/snapshot.ts'
import type { FleetOptions, InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import { Fleet } from '../supervisor/fleet.ts'
import { wishOf } from '../supervisor/target.ts'
import type { Version } from '../supervisor/version.ts'
import { openAdminServer, type AdminServer } from './admin-server.ts'
import {
  announceChanges,
  announceCrashLoop,
  announceDeath,
  announceReload,
  announceStart,
  isCrashLoopNews,
} from './announcement.ts'
import { Balancing } from './balancing.ts'
import { inheritedHandle, inheritedSocketVariables, type BoundHandle } from './bound-handle.ts'
import { combineSnapshot } from './fleet-snapshot.ts'
import { InstanceCare } from './instance-care.ts'
import { LogBook } from './log-book.ts'
import { nextPrimaryState, type PrimaryEvent, type PrimaryState } from './primary-state.ts'
import { accessLogName, recorded, type FleetReporter } from './reporter.ts'
import { Steering } from './steering.ts'

const markerBytes = 24

export interface PrimaryPorts {
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  readonly reporter: FleetReporter
  /** The environment that instances inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly currentDir: string
  /** Reads the configuration again, as it is now; rejects OPTION_INVALID when it is wrong. */
  readonly readConfig: () => Promise<FleetConfig>
}

/** One run of `drover up`: started once, stopped once. */
export class Primary implements FleetCommands {
  /** As it was at the start; what was reloaded is the balancers'. */
  readonly #config: FleetConfig
  readonly #ports: PrimaryPorts
  readonly #fleet: Fleet
  readonly #balancing: Balancing
  readonly #care: InstanceCare
  readonly #steering: Steering
  readonly #book: LogBook
  readonly #startedAtMs: number
  /** By which instances say "not processed"; nobody else can know it. */
  readonly #marker = randomBytes(markerBytes).toString('base64url')
  #state: PrimaryState = 'idle'
  #admin: AdminServer | undefined
  #control: ControlServer | undefined
  #views: readonly InstanceView[] = []
  #opening: Promise<void> | undefined
  /** The last reload that was asked for; the next one waits for it. */
  #reloading: Promise<unknown> = Promise.resolve()
  #stopping: Promise<void> | undefined
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers<void>()

  constructor(config: FleetConfig, ports: PrimaryPorts) {
    this.#config = config
    this.#book = new LogBook(() => this.#fleet.instances().map(({ id }) => id))
    this.#ports = { ...ports, reporter: recorded(ports.reporter, this.#book, () => ports.clock.now()) }
    this.#startedAtMs = ports.clock.now()
    this.#steering = this.#createSteering()
    this.#fleet = this.#createFleet()
    this.#balancing = this.#createBalancing()
    this.#care = this.#createCare()
    // Whoever awaits it hears of a failed stop; when nobody does, that is no unhandled rejection.
    this.#finished.promise.catch(() => undefined)
  }

  /** Settles when everything has ended, the control socket included; rejects when the stop itself failed. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /**
   * Resolves when clients can connect and every command runs; readiness is reported later. Rejects with
   * FLEET_ALREADY_RUNNING, PORT_TAKEN or OPTION_INVALID, and then leaves nothing behind.
   */
  async start(): Promise<void> {
    this.#move('open')
    this.#opening = this.#fleet.start()
    try {
      await this.#opening
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#state !== 'opening') return
    this.#move('opened')
    this.#steering.start()
    this.#greetWhenReady()
  }

  snapshot(): FleetSnapshot {
    return combineSnapshot({
      state: shownStates[this.#state],
      pid: process.pid,
      url: this.#balancing.url,
      admin: this.#admin?.url,
      target: this.#steering.target,
      scale: this.#steering.scale,
      startedAtMs: this.#startedAtMs,
      nowMs: this.#ports.clock.now(),
      instances: this.#fleet.instances(),
      balancing: this.#balancing.snapshot(),
    })
  }

  kill(id: string): { readonly id: string; readonly pid: number } {
    return this.#fleet.kill(id)
  }

  async drain(id: string): Promise<{ readonly id: string }> {
    await this.#fleet.retire(id)
    return { id }
  }

  scale(to: number | 'auto'): Scale {
    return this.#steering.scaleTo(to)
  }

  deploy(request: DeployRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#steering.deploys.deploy(request, onEvent)
  }

  rollback(request: RollbackRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#steering.deploys.rollback(request, onEvent)
  }

  abortDeploy(): { readonly version: string | null } {
    return this.#steering.deploys.abortDeploy()
  }

  history(): readonly HistoryEntry[] {
    return this.#steering.deploys.history()
  }

  logs(...asked: Parameters<LogCommands['logs']>): Promise<void> {
    return this.#book.read(...asked)
  }

  /** What changed while the fleet runs; see FleetCommands. One at a time: each sees what the one before has left. */
  reload(request: ReloadRequest): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload(request))
    this.#reloading = reloaded.catch(() => undefined)
    return reloaded
  }

  metrics(): Promise<string> {
    return this.#balancing.metrics(() => this.snapshot())
  }

  /** Finishes the requests in flight, then stops every instance. Every call waits for the same stop. */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = this.#stopAll()
      this.#finish(this.#stopping)
    }
    return this.#stopping
  }

  /** Ends every process now, whatever is in flight. Resolves when they are gone. */
  async abort(): Promise<void> {
    const stopped = this.stop()
    // With the fleet stopping first, nothing that is killed below is started again.
    const fleetStopped = this.#fleet.stop()
    await Promise.all([this.#killAll(), this.#balancing.close(), fleetStopped, stopped])
  }

  async #killAll(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    for (const { id, pid } of this.#fleet.instances()) {
      if (pid !== undefined) this.#killQuietly(id)
    }
  }

  #killQuietly(id: string): void {
    try {
      this.#fleet.kill(id)
    } catch (error) {
      // It ended between the look and the kill: what we wanted.
      this.#announce(`instance ${id}: ${String(error)}`)
    }
  }

  #createFleet(): Fleet {
    const { clock, random, reporter } = this.#ports
    return new Fleet(wishOf(this.#steering.target), this.#fleetOptions(), {
      clock,
      random,
      log: (line) => {
        this.#announce(line)
      },
      onChange: (views) => {
        this.#handleChange(views)
      },
      onOutput: (id, stream, line) => {
        reporter.output(id, stream, line)
      },
      onDeath: (death) => {
        reporter.announce(announceDeath(death))
        this.#steering.died(death)
        if (isCrashLoopNews(death)) void this.#tellCrashLoop(death)
      },
      admit: (view) => this.#care.watch.admit(view),
      drained: (id, epoch, timeoutMs) => this.#balancing.drained(id, epoch, timeoutMs),
      beforeInstances: () => this.#open(),
    })
  }

  #fleetOptions(): FleetOptions {
    const { health, readyTimeoutMs, drainTimeoutMs, stopTimeoutMs, stateDir } = this.#config
    return { healthPath: health, readyTimeoutMs, drainTimeoutMs, stopTimeoutMs, stateDir }
  }

  #configuredVersion(): Version {
    const { command, cwd, version, fingerprint } = this.#config
    const own = { [markerVariable]: this.#marker, [fingerprintVariable]: fingerprint.join(',') }
    const env = { ...withoutSockets(this.#ports.environment), ...this.#config.env, ...own }
    return { number: 1, label: version, command, cwd, env }
  }

  #createSteering(): Steering {
    return new Steering(this.#config, this.#configuredVersion(), {
      clock: this.#ports.clock,
      aim: (target) => {
        this.#fleet.setWish(wishOf(target))
      },
      instances: () => this.#fleet.instances(),
      balancing: () => this.#balancing.snapshot(),
      figures: (id) => this.#care.watch.latest(id),
      linesOf: (id) => this.#fleet.linesOf(id),
      announce: (announcement) => {
        this.#ports.reporter.announce(announcement)
      },
    })
  }

  #createBalancing(): Balancing {
    const { clock, reporter } = this.#ports
    return new Balancing(this.#config, this.#marker, {
      now: () => clock.now(),
      log: (line) => {
        this.#announce(line)
      },
      output: (line) => {
        reporter.output(accessLogName, 'stdout', line)
      },
      onStart: (pid) => {
        this.#settle('guard the balancer', this.#fleet.guard(pid))
      },
      onExit: (pid) => {
        this.#settle('release the balancer', this.#fleet.unguard(pid))
      },
    })
  }

  #createCare(): InstanceCare {
    return new InstanceCare(this.#config, this.#marker, {
      fleet: this.#fleet,
      onRoutes: (routes) => {
        this.#balancing.announce(routes)
      },
      announce: (announcement) => {
        this.#ports.reporter.announce(announcement)
      },
    })
  }

  /** Control before the port: whoever is refused by either has not disturbed a fleet that runs. */
  async #open(): Promise<void> {
    const { stateDir, admin } = this.#config
    this.#steering.open()
    this.#control = await openControlServer(stateDir, this.#ports.currentDir, this.#commands())
    if (admin !== undefined) this.#admin = await openAdminServer(admin, this)
    await this.#balancing.listen(this.#inherited())
    this.#announce(announceStart(this.#config, this.#balancing.url))
    if (this.#admin !== undefined) this.#announce(`metrics on ${this.#admin.url}/metrics`)
  }

  /** The socket that a service manager has bound for this process. */
  #inherited(): BoundHandle | undefined {
    return inheritedHandle(this.#ports.environment, process.pid)
  }

  /** What others may ask for; whoever watches the terminal is told that somebody did. */
  #commands(): FleetCommands {
    return {
      snapshot: () => this.snapshot(),
      kill: (id) => this.kill(id),
      drain: (id) => this.drain(id),
      scale: (to) => this.scale(to),
      deploy: (request, onEvent) => this.deploy(request, onEvent),
      rollback: (request, onEvent) => this.rollback(request, onEvent),
      abortDeploy: () => this.abortDeploy(),
      history: () => this.history(),
      logs: (...asked) => this.logs(...asked),
      metrics: () => this.metrics(),
      reload: (request) => this.reload(request),
      stop: () => {
        if (this.#stopping === undefined) this.#announce('asked to stop: finishing what is in flight')
        return this.stop()
      },
    }
  }

  /** The balancer hears of a death before anything is done about it, so that it stops choosing the dead. */
  #handleChange(views: readonly InstanceView[]): void {
    // Before the balancers hear of a new one, so that routes it has not announced lose their licence first.
    this.#care.follow(views)
    this.#balancing.follow(views)
    const announcements = announceChanges(this.#views, views, this.#ports.clock.now())
    this.#views = views
    for (const announcement of announcements) this.#ports.reporter.announce(announcement)
    this.#steering.follow()
    this.#greetWhenReady()
  }

  async #tellCrashLoop(death: InstanceDeath): Promise<void> {
    for (const announcement of announceCrashLoop(death, await death.lastLines))
      this.#ports.reporter.announce(announcement)
  }

  #greetWhenReady(): void {
    if (this.#state !== 'starting' || !this.#views.every(({ state }) => state === 'ready')) return
    this.#move('allReady')
    this.#ports.reporter.welcome(this.snapshot())
  }

  async #reload({ balancers }: ReloadRequest): Promise<Reloaded> {
    const after = await this.#ports.readConfig().catch(unchanged)
    if (this.#state === 'stopping' || this.#state === 'stopped')
      throw new DroverError('CONTROL_FAILED', 'Cannot reload: the fleet is stopping')
    const { config, applied, restart } = this.#balancing.reload(after)
    this.#steering.reload(config)
    const certificates = config.tls !== undefined
    for (const line of announceReload({ applied, restart, certificates })) this.#announce(line)
    const { replaced, cut } = balancers ? await this.#replaceBalancers() : { replaced: 0, cut: 0 }
    return { applied, restart, certificates, replaced, cut }
  }

  async #replaceBalancers(): Promise<{ readonly replaced: number; readonly cut: number }> {
    const outcome = await this.#balancing.replace()
    this.#announce(outcome.replaced === 1 ? 'balancer replaced' : `${outcome.replaced} balancers replaced`)
    this.#announceCut(outcome.cut)
    return outcome
  }

  async #stopAll(): Promise<void> {
    this.#move('stop')
    this.#steering.stop()
    await this.#opening?.catch(() => undefined)
    await this.#drain()
    await this.#balancing.close()
    this.#care.watch.close()
    await this.#fleet.stop()
  }

  async #drain(): Promise<void> {
    const inFlight = this.#balancing.countInFlight()
    if (inFlight > 0) this.#announce(`finishing ${requests(inFlight)} in flight`)
    const { cut } = await this.#balancing.drain()
    this.#announceCut(cut)
  }

  #announceCut(cut: number): void {
    if (cut === 0) return
    this.#ports.reporter.announce({ tone: 'bad', text: `${requests(cut)} cut by the drain timeout` })
  }

  /** The control socket goes last: until it is gone, `drover stop` and the next `drover up` know that something is here. */
  #finish(stopped: Promise<void>): void {
    const end = async () => {
      try {
        await stopped
      } finally {
        await this.#admin?.close()
        await this.#control?.close()
      }
      this.#move('ended')
    }
    end().then(this.#finished.resolve, this.#finished.reject)
  }

  #move(event: PrimaryEvent): void {
    this.#state = nextPrimaryState(this.#state, event)
  }

  #announce(text: string): void {
    this.#ports.reporter.announce({ tone: 'calm', text })
  }

  #settle(purpose: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#announce(`Cannot ${purpose}: ${String(error)}`)
    })
  }
}

const shownStates: Readonly<Record<PrimaryState, FleetSnapshot['state']>> = {
  idle: 'starting',
  opening: 'starting',
  starting: 'starting',
  running: 'running',
  stopping: 'stopping',
  stopped: 'stopping',
}

/** Whoever asked for a reload is told that the fleet goes on as before. */
function unchanged(error: unknown): never {
  const message = `${error instanceof Error ? error.message : String(error)} (nothing was changed)`
  throw new DroverError(isDroverError(error) ? error.code : 'CONTROL_FAILED', message, { cause: error })
}

/** What a service manager told this process of sockets is not for its children. */
function withoutSockets(environment: PrimaryPorts['environment']): PrimaryPorts['environment'] {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !inheritedSocketVariables.includes(name)),
  )
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`
}
