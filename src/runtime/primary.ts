// The hall: the one place where supervisor, balancer and control meet, and which says in which order they live and end.
import { counted } from '../base/counted.ts'
import { DroverError, isDroverError } from '../base/errors.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetCommands, Reloaded, ReloadRequest } from '../control/commands.ts'
import { openControlServer, type ControlServer } from '../control/server.ts'
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import { systemScheduler } from '../supervisor/scheduler.ts'
import { openAdminServer, type AdminServer } from './admin-server.ts'
import { announceReload, announceStart } from './announcement.ts'
import { inheritedHandle, missedSocket } from './bound-handle.ts'
import { combineSnapshot } from './fleet-snapshot.ts'
import { FolderWatch } from './folder-watch.ts'
import { Parts } from './parts.ts'
import type { PrimaryPorts } from './primary-ports.ts'
import { nextPrimaryState, type PrimaryEvent, type PrimaryState } from './primary-state.ts'

/** One run of `drover up`: started once, stopped once. */
export class Primary {
  /** As it was at the start; what was reloaded is the balancers'. */
  readonly #config: FleetConfig
  readonly #ports: PrimaryPorts
  readonly #parts: Parts
  readonly #startedAtMs: number
  #state: PrimaryState = 'idle'
  #admin: AdminServer | undefined
  #control: ControlServer | undefined
  readonly #folderWatch: FolderWatch
  #opening: Promise<void> | undefined
  /** The last reload that was asked for; the next one waits for it. */
  #reloading: Promise<unknown> = Promise.resolve()
  #stopping: Promise<void> | undefined
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers<void>()

  constructor(config: FleetConfig, ports: PrimaryPorts) {
    this.#config = config
    this.#ports = ports
    this.#startedAtMs = ports.clock.now()
    this.#parts = new Parts(config, ports, {
      beforeInstances: () => this.#open(),
      onChange: (views) => {
        this.#greetWhenReady(views)
      },
    })
    this.#folderWatch = this.#createFolderWatch()
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
    this.#opening = this.#parts.fleet.start()
    try {
      await this.#opening
    } catch (error) {
      await this.stop()
      await this.finished
      throw error
    }
    if (this.#state !== 'opening') return
    this.#move('opened')
    this.#parts.steering.start()
    this.#greetWhenReady(this.#parts.fleet.instances())
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
    const fleetStopped = this.#parts.fleet.stop()
    await Promise.all([this.#killAll(), this.#parts.balancing.close(), fleetStopped, stopped])
  }

  async #killAll(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    for (const { id, pid } of this.#parts.fleet.instances()) {
      if (pid !== undefined) this.#killQuietly(id)
    }
  }

  #killQuietly(id: string): void {
    try {
      this.#parts.fleet.kill(id)
    } catch (error) {
      // It ended between the look and the kill: what we wanted.
      this.#parts.announce(`instance ${id}: ${String(error)}`)
    }
  }

  /** Control before the port: whoever is refused by either has not disturbed a fleet that runs. */
  async #open(): Promise<boolean> {
    const { stateDir, admin } = this.#config
    const commands = this.#commands()
    this.#parts.steering.read()
    this.#control = await openControlServer(stateDir, this.#ports.currentDir, commands)
    this.#folderWatch.start()
    if (admin !== undefined) this.#admin = await openAdminServer(admin, commands)
    await this.#parts.balancing.listen(inheritedHandle(this.#ports.environment, process.pid))
    // Somebody wants it to stop already: it does so without ever running the app.
    if (this.#stopping !== undefined) return false
    // Nothing refuses this run any more: what it is to run is written down.
    this.#parts.steering.open()
    const missed = missedSocket(this.#ports.environment, process.pid)
    if (missed !== undefined) this.#parts.reporter.announce({ tone: 'bad', text: missed })
    this.#parts.announce(announceStart(this.#config, this.#parts.balancing.url))
    if (this.#admin !== undefined) this.#parts.announce(`metrics on ${this.#admin.url}/metrics`)
    return true
  }

  #createFolderWatch(): FolderWatch {
    const { fleet, steering, reporter } = this.#parts
    return new FolderWatch({
      scheduler: systemScheduler,
      path: this.#config.stateDir,
      keepFolder: () => {
        const state = fleet.keepFolder()
        if (state === 'regained') steering.deploys.saveHistory()
        return state
      },
      keepSocket: async () => this.#control?.keep(),
      announce: (announcement) => {
        reporter.announce(announcement)
      },
    })
  }

  /** What others may ask for; whoever watches the terminal is told that somebody did. */
  #commands(): FleetCommands {
    const { fleet, balancing, steering, book } = this.#parts
    return {
      snapshot: () => this.#snapshot(),
      kill: (id) => fleet.kill(id),
      drain: async (id) => {
        await fleet.retire(id)
        return { id }
      },
      scale: (to) => steering.scaleTo(to),
      deploy: (request, onEvent) => steering.deploys.deploy(request, onEvent),
      rollback: (request, onEvent) => steering.deploys.rollback(request, onEvent),
      abortDeploy: () => steering.deploys.abortDeploy(),
      history: () => steering.deploys.history(),
      logs: (request, onEntry, signal) => book.read(request, onEntry, signal),
      metrics: () => balancing.metrics(() => this.#snapshot()),
      reload: (request) => this.#reloadInTurn(request),
      stop: () => {
        if (this.#stopping === undefined) this.#parts.announce('asked to stop: finishing what is in flight')
        return this.stop()
      },
    }
  }

  #snapshot(): FleetSnapshot {
    const { fleet, balancing, steering } = this.#parts
    return combineSnapshot({
      state: shownStates[this.#state],
      pid: process.pid,
      url: balancing.url,
      admin: this.#admin?.url,
      target: steering.target,
      scale: steering.scale,
      startedAtMs: this.#startedAtMs,
      nowMs: this.#ports.clock.now(),
      instances: fleet.instances(),
      balancing: balancing.snapshot(),
    })
  }

  #greetWhenReady(views: readonly InstanceView[]): void {
    if (this.#state !== 'starting' || !views.every(({ state }) => state === 'ready')) return
    this.#move('allReady')
    this.#parts.reporter.welcome(this.#snapshot())
  }

  /** One at a time: each sees what the one before has left. */
  #reloadInTurn(request: ReloadRequest): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload(request))
    this.#reloading = reloaded.catch(() => undefined)
    return reloaded
  }

  async #reload({ balancers }: ReloadRequest): Promise<Reloaded> {
    const after = await this.#ports.readConfig().catch(unchanged)
    if (this.#state === 'stopping' || this.#state === 'stopped')
      throw new DroverError('CONTROL_FAILED', 'Cannot reload: the fleet is stopping')
    const { config, applied, restart } = this.#parts.balancing.reload(after)
    this.#parts.steering.reload(config)
    const certificates = config.tls !== undefined
    for (const line of announceReload({ applied, restart, certificates })) this.#parts.announce(line)
    const { replaced, cut } = balancers ? await this.#replaceBalancers() : { replaced: 0, cut: 0 }
    return { applied, restart, certificates, replaced, cut }
  }

  async #replaceBalancers(): Promise<{ readonly replaced: number; readonly cut: number }> {
    const outcome = await this.#parts.balancing.replace()
    this.#parts.announce(
      outcome.replaced === 1 ? 'balancer replaced' : `${outcome.replaced} balancers replaced`,
    )
    this.#announceCut(outcome.cut)
    return outcome
  }

  async #stopAll(): Promise<void> {
    this.#move('stop')
    this.#parts.steering.stop()
    await this.#folderWatch.close()
    await this.#opening?.catch(() => undefined)
    await this.#drain()
    await this.#parts.balancing.close()
    this.#parts.care.watch.close()
    await this.#parts.fleet.stop()
  }

  async #drain(): Promise<void> {
    const inFlight = this.#parts.balancing.countInFlight()
    if (inFlight > 0) this.#parts.announce(`finishing ${counted(inFlight, 'request')} in flight`)
    const { cut } = await this.#parts.balancing.drain()
    this.#announceCut(cut)
  }

  #announceCut(cut: number): void {
    if (cut === 0) return
    this.#parts.reporter.announce({
      tone: 'bad',
      text: `${counted(cut, 'request')} cut by the drain timeout`,
    })
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
