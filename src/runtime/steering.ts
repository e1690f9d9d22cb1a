// What the fleet is to be, and who may say so: the configuration, a person who scales it, the load, and deploys.
import type { Clock } from '../base/clock.ts'
import type { FleetConfig } from '../config/options.ts'
import { readVersion } from '../config/version.ts'
import type { Scale } from '../control/snapshot.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import { systemScheduler } from '../supervisor/scheduler.ts'
import type { Target } from '../supervisor/target.ts'
import type { Version } from '../supervisor/version.ts'
import type { Announcement } from './announcement.ts'
import { Autoscaling } from './autoscaling.ts'
import { countInFlight } from './balancer-loads.ts'
import type { BalancerGroupSnapshot } from './balancer-group.ts'
import { Deploys } from './deploys.ts'
import type { InstanceFigures } from './instance-watch.ts'

export interface SteeringPorts {
  readonly clock: Clock
  /** From now on the fleet moves towards it. */
  readonly aim: (target: Target) => void
  readonly instances: () => readonly InstanceView[]
  readonly balancing: () => BalancerGroupSnapshot
  readonly figures: (id: string) => InstanceFigures | undefined
  /** The last lines that an instance wrote. */
  readonly linesOf: (id: string) => readonly string[]
  /** Throws while the state folder is not this run's. */
  readonly requireFolder: () => void
  readonly announce: (announcement: Announcement) => void
}

export class Steering {
  readonly deploys: Deploys
  readonly #ports: SteeringPorts
  readonly #autoscaling: Autoscaling
  #config: FleetConfig
  #target: Target

  /** `version`: what the configuration has the fleet run. */
  constructor(config: FleetConfig, version: Version, ports: SteeringPorts) {
    const { instances, spares } = config
    this.#config = config
    this.#ports = ports
    this.#target = { instances, spares, current: version }
    this.deploys = this.#createDeploys()
    this.#autoscaling = this.#createAutoscaling()
  }

  get target(): Target {
    return this.#target
  }

  get scale(): Scale {
    const { bounds } = this.#autoscaling
    return { instances: this.#target.instances, autoscale: bounds ?? null }
  }

  /** Reads what ran before. Once, as soon as this run has the state folder. */
  read(): void {
    this.deploys.read()
  }

  /** Finds out which version is to run. Once, after `read` and before the first instance starts. */
  open(): void {
    this.deploys.open()
  }

  /** Every command runs: from now on the load may decide. */
  start(): void {
    this.#autoscaling.start()
  }

  /** The instances have changed. */
  follow(): void {
    this.deploys.follow()
  }

  /** An instance died unasked. */
  died(death: InstanceDeath): void {
    this.deploys.died(death)
  }

  /** A number stands until the load is to decide again. Throws OPTION_INVALID for 'auto' without bounds to decide within. */
  scaleTo(to: number | 'auto'): Scale {
    if (to === 'auto') this.#autoscaling.resume()
    else {
      this.#autoscaling.pause()
      this.#aim({ ...this.#target, instances: to })
    }
    return this.scale
  }

  /** Goes by another configuration. What a person has scaled stands, unless that very number changed. */
  reload(config: FleetConfig): void {
    const before = this.#config
    this.#config = config
    this.#autoscaling.configure(config)
    const isNewNumber = config.instances !== before.instances && config.autoscale === undefined
    const instances = isNewNumber ? config.instances : this.#target.instances
    this.#aim({ ...this.#target, instances: within(this.scale, instances), spares: config.spares })
  }

  /** The fleet stops: nothing is decided any more. */
  stop(): void {
    this.#autoscaling.stop()
    this.deploys.stop()
  }

  #aim(target: Target): void {
    this.#target = target
    this.#ports.aim(target)
  }

  #createDeploys(): Deploys {
    const { clock, instances, balancing, linesOf, requireFolder, announce } = this.#ports
    return new Deploys({
      target: () => this.#target,
      aim: (target) => {
        this.#aim(target)
      },
      instances,
      stats: () => balancing().loads,
      rules: () => this.#config.deploy,
      readLabel: readVersion,
      linesOf,
      now: () => clock.now(),
      scheduler: systemScheduler,
      stateDir: this.#config.stateDir,
      requireFolder,
      configuredEnv: this.#config.env,
      announce,
    })
  }

  #createAutoscaling(): Autoscaling {
    const { instances, balancing, figures, announce } = this.#ports
    return new Autoscaling(this.#config, {
      instances,
      load: () => {
        const { loads, parked } = balancing()
        return countInFlight(loads) + parked
      },
      figures,
      instancesWanted: () => this.#target.instances,
      setInstances: (wanted) => {
        this.#aim({ ...this.#target, instances: wanted })
      },
      announce: (text) => {
        announce({ tone: 'calm', text })
      },
    })
  }
}

function within({ autoscale }: Scale, instances: number): number {
  return autoscale === null ? instances : Math.min(autoscale.max, Math.max(autoscale.min, instances))
}
