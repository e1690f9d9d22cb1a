// Lets the load decide how many instances there are: looks at the fleet, asks the autoscaler every two seconds, and says what
// changes. A number that somebody fixes by hand stands until the load is to decide again.
import { availableParallelism } from 'node:os'
import { counted } from '../base/counted.ts'
import { DroverError } from '../base/errors.ts'
import type { FleetConfig } from '../config/options.ts'
import { beginAutoscale, decide, type AutoscaleState } from '../supervisor/autoscale/autoscaler.ts'
import type { FleetSample, InstanceSample } from '../supervisor/autoscale/metric-samples.ts'
import {
  autoscaleDefaults,
  autoscaleIntervalMs,
  type AutoscaleOptions,
} from '../supervisor/autoscale/options.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import { systemScheduler, type Cancel, type Scheduler } from '../supervisor/scheduler.ts'
import { availableMemoryBytes } from './available-memory.ts'
import type { InstanceFigures } from './instance-watch.ts'

/** What the scaling goes by; all of it may change while the fleet runs. */
export type ScalingConfig = Pick<FleetConfig, 'autoscale' | 'limits' | 'balancers'>

export type ScaledInstance = Pick<InstanceView, 'id' | 'epoch' | 'role' | 'state'>

export type ScalingFigures = Pick<InstanceFigures, 'epoch' | 'rssBytes' | 'coresUsed'> & {
  readonly telemetry: { readonly eventLoopUtilization: number } | undefined
}

export interface ScalingBounds {
  readonly min: number
  readonly max: number
}

/** What the scaling needs from outside. Called synchronously; must not throw. */
export interface AutoscalingPorts {
  readonly instances: () => readonly ScaledInstance[]
  /** Requests on instances or waiting for one, at this moment. */
  readonly load: () => number
  /** The last that is known of an instance, as InstanceWatch tells it. */
  readonly figures: (id: string) => ScalingFigures | undefined
  /** How many instances the fleet is to have by now. */
  readonly instancesWanted: () => number
  /** Has the fleet be of that size; only called with another number than `instancesWanted` tells. */
  readonly setInstances: (instances: number) => void
  /** One line for the operator. */
  readonly announce: (text: string) => void
  /** Available to new instances, in bytes; undefined: not known. Default: as the system tells. */
  readonly memory?: () => number | undefined
  /** Processors of the machine. Default: as the system tells. */
  readonly cores?: () => number
  /** A clock that never goes back, in milliseconds. Default: performance.now. */
  readonly now?: () => number
  /** Timers; the system's when left out. */
  readonly scheduler?: Scheduler
}

/** How fast the scaling is. */
export interface ScalingTempo extends Pick<
  AutoscaleOptions,
  'stableWindowMs' | 'panicWindowMs' | 'stabilizationMs'
> {
  /** From one decision to the next. */
  readonly intervalMs: number
  /** From one look at the load to the next; a decision goes by the mean of those since the last. */
  readonly lookIntervalMs: number
}

const usualTempo: ScalingTempo = {
  ...autoscaleDefaults,
  intervalMs: autoscaleIntervalMs,
  lookIntervalMs: 200,
}

export class Autoscaling {
  #config: ScalingConfig
  readonly #ports: Required<AutoscalingPorts>
  readonly #tempo: ScalingTempo
  #isStarted = false
  /** Somebody has fixed the number. */
  #isPaused = false
  /** Undefined: the load does not decide. */
  #state: AutoscaleState | undefined
  #cancelLook: Cancel | undefined
  #looks: number[] = []
  #decideAtMs = 0

  /** `tempo` differs from the usual one in tests only. */
  constructor(config: ScalingConfig, ports: AutoscalingPorts, tempo: Partial<ScalingTempo> = {}) {
    this.#config = config
    this.#ports = {
      memory: availableMemoryBytes,
      cores: availableParallelism,
      now: () => performance.now(),
      scheduler: systemScheduler,
      ...ports,
    }
    this.#tempo = { ...usualTempo, ...tempo }
  }

  /** Within which the load decides; undefined: the number is fixed. */
  get bounds(): ScalingBounds | undefined {
    const { autoscale } = this.#config
    return autoscale === undefined || this.#isPaused
      ? undefined
      : { min: autoscale.min ?? 1, max: autoscale.max }
  }

  /** Decides from now on, where the configuration has the load decide. */
  start(): void {
    this.#isStarted = true
    this.#follow()
  }

  /** Decides nothing more. */
  stop(): void {
    this.#isStarted = false
    this.#follow()
  }

  /** Goes by this from the next decision on. Bounds where there were none before hold even if a number was fixed. */
  configure(config: ScalingConfig): void {
    if (this.#config.autoscale === undefined) this.#isPaused = false
    this.#config = config
    this.#follow()
  }

  /** Leaves the number as it is, until `resume`. */
  pause(): void {
    this.#isPaused = true
    this.#follow()
  }

  /** Has the load decide again. Throws OPTION_INVALID without bounds to decide within. */
  resume(): void {
    if (this.#config.autoscale === undefined)
      throw new DroverError('OPTION_INVALID', 'Cannot scale by the load: wanted --min and --max of drover up')
    this.#isPaused = false
    this.#follow()
  }

  #follow(): void {
    const isDeciding = this.#isStarted && this.bounds !== undefined
    if (isDeciding === (this.#state !== undefined)) return
    if (isDeciding) this.#begin()
    else this.#end()
  }

  /** What the fleet is now counts as wanted, so that it shrinks only after the stabilization time. */
  #begin(): void {
    const nowMs = this.#ports.now()
    this.#state = beginAutoscale(this.#ports.instancesWanted(), nowMs)
    this.#decideAtMs = nowMs + this.#tempo.intervalMs
    this.#planLook()
  }

  #end(): void {
    this.#cancelLook?.()
    this.#looks = []
    this.#state = undefined
  }

  #planLook(): void {
    this.#cancelLook = this.#ports.scheduler.after(this.#tempo.lookIntervalMs, () => {
      this.#look()
    })
  }

  #look(): void {
    this.#planLook()
    this.#looks.push(this.#ports.load())
    const nowMs = this.#ports.now()
    if (nowMs < this.#decideAtMs) return
    this.#decideAtMs = nowMs + this.#tempo.intervalMs
    this.#decide(nowMs)
  }

  #decide(nowMs: number): void {
    const { bounds } = this
    if (this.#state === undefined || bounds === undefined) return
    const current = this.#ports.instancesWanted()
    const sample = this.#sample(nowMs)
    this.#looks = []
    const { state, desired, why } = decide(
      { ...this.#state, desired: current },
      sample,
      this.#optionsFor(sample, bounds),
    )
    this.#state = state
    if (desired === current) return
    this.#ports.announce(`${counted(desired, 'instance')} instead of ${current}: ${why}`)
    this.#ports.setInstances(desired)
  }

  #sample(atMs: number): FleetSample {
    return {
      atMs,
      concurrency: this.#looks.reduce((sum, load) => sum + load, 0) / this.#looks.length,
      instances: this.#ports
        .instances()
        .filter(({ role, state }) => role === 'server' && (state === 'ready' || state === 'starting'))
        .map((instance) => instanceSample(instance, this.#ports.figures(instance.id))),
      availableMemoryBytes: this.#ports.memory(),
    }
  }

  /** What nobody tells is not looked at: an app without telemetry, a system without figures of processes. */
  #optionsFor({ instances }: FleetSample, bounds: ScalingBounds): AutoscaleOptions {
    const { concurrency, eventLoop, cpu } = autoscaleDefaults.targets
    const tellsLoop = instances.some(({ eventLoopUtilization }) => eventLoopUtilization !== undefined)
    const tellsCpu = instances.some((instance) => instance.cpu !== undefined)
    return {
      ...autoscaleDefaults,
      ...this.#tempo,
      ...bounds,
      cores: this.#ports.cores(),
      concurrencyLimit: concurrencyLimitOf(this.#config),
      targets: {
        ...(concurrency !== undefined && { concurrency }),
        ...(tellsLoop && eventLoop !== undefined && { eventLoop }),
        ...(tellsCpu && cpu !== undefined && { cpu }),
      },
    }
  }
}

/** The cap of `limits` is that of each balancer. */
function concurrencyLimitOf({ autoscale, limits, balancers }: ScalingConfig): number {
  return autoscale?.concurrency ?? (limits.concurrency ?? 0) * balancers
}

/** Figures of an earlier start under this id are those of another process. */
function instanceSample(
  { epoch, state }: ScaledInstance,
  figures: ScalingFigures | undefined,
): InstanceSample {
  const own = figures?.epoch === epoch ? figures : undefined
  return {
    isReady: state === 'ready',
    eventLoopUtilization: own?.telemetry?.eventLoopUtilization,
    cpu: own?.coresUsed,
    rssBytes: own?.rssBytes,
  }
}
