// The parts of a running fleet, each told what it must hear of the others. When they begin and end is for the primary to say.
import { randomBytes } from 'node:crypto'
import type { FleetConfig } from '../config/options.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import { Fleet } from '../supervisor/fleet.ts'
import { wishOf } from '../supervisor/target.ts'
import { announceChanges, announceCrashLoop, announceDeath, isCrashLoopNews } from './announcement.ts'
import { Balancing } from './balancing.ts'
import { configuredOptions, configuredVersion } from './configured.ts'
import { InstanceCare } from './instance-care.ts'
import { LogBook } from './log-book.ts'
import type { PrimaryPorts } from './primary-ports.ts'
import { accessLogName, recorded, type FleetReporter } from './reporter.ts'
import { Steering } from './steering.ts'

const markerBytes = 24

export interface PartsHooks {
  /** See FleetPorts. */
  readonly beforeInstances: () => Promise<boolean>
  /** The instances have changed, and every part has heard of it. */
  readonly onChange: (views: readonly InstanceView[]) => void
}

export class Parts {
  readonly book: LogBook
  readonly reporter: FleetReporter
  readonly fleet: Fleet
  readonly balancing: Balancing
  readonly care: InstanceCare
  readonly steering: Steering
  readonly #config: FleetConfig
  readonly #ports: PrimaryPorts
  readonly #hooks: PartsHooks
  /** By which instances say "not processed"; nobody else can know it. */
  readonly #marker = randomBytes(markerBytes).toString('base64url')
  #views: readonly InstanceView[] = []

  constructor(config: FleetConfig, ports: PrimaryPorts, hooks: PartsHooks) {
    this.#config = config
    this.#ports = ports
    this.#hooks = hooks
    this.book = new LogBook(() => this.fleet.instances().map(({ id }) => id))
    this.reporter = recorded(ports.reporter, this.book, () => ports.clock.now())
    this.steering = this.#createSteering()
    this.fleet = this.#createFleet()
    this.balancing = this.#createBalancing()
    this.care = this.#createCare()
  }

  announce(text: string): void {
    this.reporter.announce({ tone: 'calm', text })
  }

  #createSteering(): Steering {
    const version = configuredVersion(this.#config, this.#ports.environment, this.#marker)
    return new Steering(this.#config, version, {
      clock: this.#ports.clock,
      aim: (target) => {
        this.fleet.setWish(wishOf(target))
      },
      instances: () => this.fleet.instances(),
      balancing: () => this.balancing.snapshot(),
      figures: (id) => this.care.watch.latest(id),
      linesOf: (id) => this.fleet.linesOf(id),
      requireFolder: () => {
        this.fleet.requireFolder()
      },
      announce: (announcement) => {
        this.reporter.announce(announcement)
      },
    })
  }

  #createFleet(): Fleet {
    const { clock, random } = this.#ports
    return new Fleet(wishOf(this.steering.target), configuredOptions(this.#config), {
      clock,
      random,
      log: (line) => {
        this.announce(line)
      },
      onChange: (views) => {
        this.#handleChange(views)
      },
      onOutput: (id, stream, line) => {
        this.reporter.output(id, stream, line)
      },
      onDeath: (death) => {
        this.#handleDeath(death)
      },
      admit: (view) => this.care.watch.admit(view),
      drained: (id, epoch, timeoutMs) => this.balancing.drained(id, epoch, timeoutMs),
      beforeInstances: this.#hooks.beforeInstances,
    })
  }

  #createBalancing(): Balancing {
    const { clock } = this.#ports
    return new Balancing(this.#config, this.#marker, {
      now: () => clock.now(),
      log: (line) => {
        this.announce(line)
      },
      output: (line) => {
        this.reporter.output(accessLogName, 'stdout', line)
      },
      onStart: (pid) => {
        this.#settle('guard the balancer', this.fleet.guard(pid))
      },
      onExit: (pid) => {
        this.#settle('release the balancer', this.fleet.unguard(pid))
      },
    })
  }

  #createCare(): InstanceCare {
    return new InstanceCare(this.#config, this.#marker, {
      fleet: this.fleet,
      clock: this.#ports.clock,
      onRoutes: (routes) => {
        this.balancing.announce(routes)
      },
      announce: (announcement) => {
        this.reporter.announce(announcement)
      },
    })
  }

  /** The balancer hears of a death before anything is done about it, so that it stops choosing the dead. */
  #handleChange(views: readonly InstanceView[]): void {
    // Before the balancers hear of a new one, so that routes it has not announced lose their licence first.
    this.care.follow(views)
    this.balancing.follow(views)
    const announcements = announceChanges(this.#views, views, this.#ports.clock.now())
    this.#views = views
    for (const announcement of announcements) this.reporter.announce(announcement)
    this.steering.follow()
    this.#hooks.onChange(views)
  }

  #handleDeath(death: InstanceDeath): void {
    this.reporter.announce(announceDeath(death))
    this.steering.died(death)
    if (isCrashLoopNews(death)) void this.#tellCrashLoop(death)
  }

  async #tellCrashLoop(death: InstanceDeath): Promise<void> {
    for (const announcement of announceCrashLoop(death, await death.lastLines))
      this.reporter.announce(announcement)
  }

  #settle(purpose: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.announce(`Cannot ${purpose}: ${String(error)}`)
    })
  }
}
