// The hall: the one place that wires supervisor, balancer and control together, and says in which order they live and end.
import { withDeadline } from '../base/deadline.ts'
import type { Clock } from '../base/clock.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetCommands } from '../control/commands.ts'
import { openControlServer, type ControlServer } from '../control/server.ts'
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { FleetOptions, InstanceView } from '../supervisor/fleet-options.ts'
import { Fleet } from '../supervisor/fleet.ts'
import { announceChanges, announceDeath, announceStart } from './announcement.ts'
import { BalancerProcess } from './balancer-process.ts'
import { clientUrl, combineSnapshot, readyUpstreams } from './fleet-snapshot.ts'
import { nextPrimaryState, type PrimaryEvent, type PrimaryState } from './primary-state.ts'
import type { FleetReporter } from './reporter.ts'

/** A balancer that neither starts nor dies in this time is not going to. */
const balancerStartTimeoutMs = 15_000
/** What a drain may take beyond its own timeout before the balancer is ended anyway. */
const drainGraceMs = 2_000

export interface PrimaryPorts {
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  readonly reporter: FleetReporter
  /** The environment that instances inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly currentDir: string
}

/** One run of `drover up`: started once, stopped once. */
export class Primary implements FleetCommands {
  readonly #config: FleetConfig
  readonly #ports: PrimaryPorts
  readonly #fleet: Fleet
  readonly #balancer: BalancerProcess
  readonly #startedAtMs: number
  #state: PrimaryState = 'idle'
  #url: string
  #control: ControlServer | undefined
  #views: readonly InstanceView[] = []
  #opening: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers<void>()

  constructor(config: FleetConfig, ports: PrimaryPorts) {
    this.#config = config
    this.#ports = ports
    this.#startedAtMs = ports.clock.now()
    this.#url = clientUrl(config.host, config.port)
    this.#fleet = this.#createFleet()
    this.#balancer = this.#createBalancer()
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
    this.#greetWhenReady()
  }

  snapshot(): FleetSnapshot {
    return combineSnapshot({
      state: shownStates[this.#state],
      pid: process.pid,
      url: this.#url,
      version: this.#config.version,
      startedAtMs: this.#startedAtMs,
      nowMs: this.#ports.clock.now(),
      instances: this.#fleet.instances(),
      balancer: this.#balancer.snapshot(),
    })
  }

  kill(id: string): { readonly id: string; readonly pid: number } {
    return this.#fleet.kill(id)
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
    await Promise.all([this.#killAll(), this.#balancer.close(), fleetStopped, stopped])
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
    return new Fleet(fleetOptions(this.#config, this.#ports.environment), {
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
      },
      beforeInstances: () => this.#open(),
    })
  }

  #createBalancer(): BalancerProcess {
    return new BalancerProcess(
      { reveal: this.#config.reveal, trustForwarded: this.#config.trustForwarded },
      {
        now: () => this.#ports.clock.now(),
        log: (line) => {
          this.#announce(line)
        },
        onStart: (pid) => {
          this.#settle('guard the balancer', this.#fleet.guard(pid))
        },
        onExit: (pid) => {
          this.#settle('release the balancer', this.#fleet.unguard(pid))
        },
      },
    )
  }

  /** Control before the port: whoever is refused by either has not disturbed a fleet that runs. */
  async #open(): Promise<void> {
    const { host, port, stateDir } = this.#config
    this.#control = await openControlServer(stateDir, this.#ports.currentDir, this.#commands())
    const listening = this.#balancer.listen(host, port)
    const bound = await withDeadline(listening, balancerStartTimeoutMs, () => {
      return new Error(`Cannot listen on ${host}:${port}: the balancer did not start`)
    })
    this.#url = clientUrl(host, bound.port)
    this.#announce(announceStart(this.#config, this.#url))
  }

  /** What others may ask for; whoever watches the terminal is told that somebody did. */
  #commands(): FleetCommands {
    return {
      snapshot: () => this.snapshot(),
      kill: (id) => this.kill(id),
      stop: () => {
        if (this.#stopping === undefined) this.#announce('asked to stop: finishing what is in flight')
        return this.stop()
      },
    }
  }

  /** The balancer hears of a death before anything else happens, so that it stops choosing the dead. */
  #handleChange(views: readonly InstanceView[]): void {
    this.#balancer.setUpstreams(readyUpstreams(views))
    const announcements = announceChanges(this.#views, views, this.#ports.clock.now())
    this.#views = views
    for (const announcement of announcements) this.#ports.reporter.announce(announcement)
    this.#greetWhenReady()
  }

  #greetWhenReady(): void {
    if (this.#state !== 'starting' || !this.#views.every(({ state }) => state === 'ready')) return
    this.#move('allReady')
    this.#ports.reporter.welcome(this.snapshot())
  }

  async #stopAll(): Promise<void> {
    this.#move('stop')
    await this.#opening?.catch(() => undefined)
    await this.#drain()
    await this.#balancer.close()
    await this.#fleet.stop()
  }

  async #drain(): Promise<void> {
    const { drainTimeoutMs } = this.#config
    const inFlight = this.#countInFlight()
    if (inFlight > 0) this.#announce(`finishing ${requests(inFlight)} in flight`)
    const drained = this.#balancer.drain(drainTimeoutMs)
    const { cut } = await withDeadline(drained, drainTimeoutMs + drainGraceMs, () => {
      return new Error('the balancer did not answer')
    }).catch((error: unknown) => {
      this.#announce(`Cannot drain the balancer: ${String(error)}`)
      return { cut: 0 }
    })
    if (cut > 0)
      this.#ports.reporter.announce({ tone: 'bad', text: `${requests(cut)} cut by the drain timeout` })
  }

  #countInFlight(): number {
    const loads = [...this.#balancer.snapshot().loads.values()]
    return loads.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  /** The control socket goes last: until it is gone, `drover stop` and the next `drover up` know that something is here. */
  #finish(stopped: Promise<void>): void {
    const end = async () => {
      try {
        await stopped
      } finally {
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

function fleetOptions(config: FleetConfig, environment: PrimaryPorts['environment']): FleetOptions {
  const { command, cwd, instances, readyTimeoutMs, stopTimeoutMs, stateDir } = config
  const env = { ...environment, ...config.env }
  const healthPath = config.health
  return { command, cwd, env, instances, healthPath, readyTimeoutMs, stopTimeoutMs, stateDir }
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`
}
