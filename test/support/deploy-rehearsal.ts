// A fleet without processes, for the decision about deploys: it takes the steps that the planner plans, and time passes when told to.
import { decideDeploy, beginDeploy } from '../../src/supervisor/deploy/deploy.ts'
import type { Comparison, Served } from '../../src/supervisor/deploy/gates.ts'
import {
  setBack,
  type DeployDecision,
  type DeployLimits,
  type DeployPicture,
  type DeployPlan,
  type DeployState,
  type DeployVerdict,
} from '../../src/supervisor/deploy/state.ts'
import type { DeployedDeath, DeployedInstance } from '../../src/supervisor/deploy/steps.ts'
import { planSteps, type Step } from '../../src/supervisor/plan.ts'
import { earlyDeathMs } from '../../src/supervisor/restart-policy.ts'
import { wishOf, type Target } from '../../src/supervisor/target.ts'
import type { Version } from '../../src/supervisor/version.ts'

export const tickMs = 100
/** From the start of an instance until it is ready, and from its drain until it is gone. */
const startMs = 300
const drainMs = 200

export const old: Version = { number: 1, label: 'a', command: ['node'], cwd: '/', env: {} }
export const fresh: Version = { ...old, number: 2, label: 'b' }
export const limits: DeployLimits = { healthyTimeMs: 1_000, errorRate: 0.05, latency: 2 }
export const nothingServed: Served = { attempts: 0, bad: 0, timed: 0, p90Ms: undefined }
const nothing: Comparison = { fresh: nothingServed, old: nothingServed, before: nothingServed }

interface Rehearsed extends DeployedInstance {
  readonly startedAtMs: number
  readonly changedAtMs: number
}

export interface RehearsalOptions extends Partial<Pick<DeployPlan, 'surge' | 'canary'>> {
  readonly instances?: number
  readonly limits?: DeployLimits
  /** The old version only crashes: none of its instances is ready, ever. */
  readonly isOldDown?: boolean
}

export class Rehearsal {
  /** What the balancers counted. */
  served: Comparison = nothing
  /** What was told: `3b ready`, `1 of 4`, `2 canaries`. */
  readonly told: string[] = []
  /** How many were ready at the worst. */
  leastReady: number
  /** How many were there at the most, those that drain left out. */
  mostPresent = 0
  verdict: DeployVerdict | undefined
  #nowMs = 1_000_000
  #target: Target
  #instances: Rehearsed[]
  #deaths: DeployedDeath[] = []
  #state: DeployState
  readonly #limits: DeployLimits
  readonly #earlyDeaths = new Map<string, number>()
  readonly #epochs = new Map<string, number>()

  constructor(options: RehearsalOptions = {}) {
    const { instances = 4, surge = 1, canary, limits: own = limits, isOldDown = false } = options
    this.#limits = own
    this.#target = { instances, spares: 0, current: old }
    this.#instances = Array.from({ length: instances }, (_, index) => ({
      ...this.#started(String(index + 1), old),
      state: isOldDown ? 'backoff' : 'ready',
      readyAtMs: isOldDown ? undefined : 0,
    }))
    this.leastReady = isOldDown ? 0 : instances
    const plan = { fresh, old, surge, ...(canary && { canary }) }
    this.#state = beginDeploy(plan, { ...this.#picture(), nowMs: this.#nowMs })
    this.#decide()
  }

  /** Such as `1a 2b? 3b!`: what starts has `?`, what waits after a death `!`, what drains `~`. */
  get fleet(): string {
    const marks = { starting: '?', backoff: '!', draining: '~', ready: '', stopping: '', stopped: '' }
    return this.#instances.map(({ id, label, state }) => `${id}${label}${marks[state]}`).join(' ')
  }

  get elapsedMs(): number {
    return this.#nowMs - 1_000_000
  }

  get phase(): DeployState['phase'] {
    return this.#state.phase
  }

  scale(instances: number): void {
    this.#target = { ...this.#target, instances }
    this.leastReady = Math.min(this.leastReady, instances)
    this.#decide()
  }

  abort(): void {
    this.#state = setBack(this.#state, { outcome: 'aborted', reason: 'it was given up' }, this.#nowMs)
    this.#decide()
  }

  /** The instance with this id dies; the next start of it follows at once. */
  die(id: string, death: Partial<DeployedDeath> = {}): void {
    const found = this.#instances.find((one) => one.id === id)
    if (found === undefined) throw new Error(`Cannot find instance ${id}: ${this.fleet}`)
    const { epoch, version, label } = found
    const usual = { reason: 'exited with code 1', isKill: false, earlyDeaths: this.#earlyDeathsOf(found) }
    this.#deaths.push({ id, epoch, version, label, ...usual, ...death })
    const next = this.#started(id, version === old.number ? old : fresh)
    this.#instances = this.#instances.map((one) => (one === found ? { ...next, state: 'backoff' } : one))
    this.#decide()
    this.#instances = this.#instances.map((one) =>
      one.id === id && one.state === 'backoff' ? { ...one, state: 'starting' } : one,
    )
    this.#decide()
  }

  /** The instance with this id is to be replaced, as one that needs too much memory is. */
  retire(id: string): void {
    this.#instances = this.#instances.map((one) => (one.id === id ? { ...one, isRetiring: true } : one))
    this.#decide()
  }

  /** A SIGKILL from outside of one of those that run, whichever `random` says. */
  killOne(random: () => number): void {
    const running = this.#instances.filter(({ state }) => state === 'starting' || state === 'ready')
    const victim = running[Math.floor(random() * running.length)]
    if (victim !== undefined) this.die(victim.id, { isKill: true, reason: 'killed by SIGKILL' })
  }

  /** Lets time pass, at most until the verdict. */
  pass(durationMs: number): void {
    for (let passedMs = 0; passedMs < durationMs && this.verdict === undefined; passedMs += tickMs)
      this.#tick()
  }

  /** Lets time pass until `isSo`. */
  passUntil(isSo: () => boolean): void {
    for (let ticks = 0; !isSo(); ticks += 1) {
      if (ticks > 10_000) throw new Error(`Cannot wait any longer: ${this.fleet}`)
      this.#tick()
    }
  }

  finish(): DeployVerdict {
    this.passUntil(() => this.verdict !== undefined)
    if (this.verdict === undefined) throw new Error('Cannot finish')
    return this.verdict
  }

  /** In a row, this one included: see the restart policy. */
  #earlyDeathsOf({ id, readyAtMs }: Rehearsed): number {
    const isEarly = readyAtMs === undefined || this.#nowMs - readyAtMs <= earlyDeathMs
    const deaths = isEarly ? (this.#earlyDeaths.get(id) ?? 0) + 1 : 0
    this.#earlyDeaths.set(id, deaths)
    return deaths
  }

  #tick(): void {
    this.#nowMs += tickMs
    this.#instances = this.#instances
      .filter(({ state, changedAtMs }) => state !== 'draining' || this.#nowMs - changedAtMs < drainMs)
      .map((one) => this.#grown(one))
    this.#decide()
    this.#measure()
  }

  #grown(one: Rehearsed): Rehearsed {
    if (one.state !== 'starting' || this.#nowMs - one.changedAtMs < startMs) return one
    return { ...one, state: 'ready', readyAtMs: this.#nowMs }
  }

  #measure(): void {
    const ready = this.#instances.filter(({ state }) => state === 'ready').length
    const present = this.#instances.filter(({ state }) => state !== 'draining').length
    this.leastReady = Math.min(this.leastReady, ready)
    this.mostPresent = Math.max(this.mostPresent, present)
  }

  #decide(): void {
    if (this.verdict !== undefined) return
    const decision = decideDeploy(this.#state, this.#picture(), this.#limits)
    this.#deaths = []
    this.#state = decision.state
    this.#tell(decision)
    this.verdict = decision.verdict
    const { surge } = this.#state.plan
    const next = { version: fresh, surge, ...decision.next }
    const { instances, spares } = this.#target
    if (decision.verdict === undefined) this.#target = { ...this.#target, next }
    else {
      this.#target = { instances, spares, current: decision.verdict.outcome === 'done' ? fresh : old }
    }
    this.#pursue()
  }

  #picture(): DeployPicture {
    return {
      nowMs: this.#nowMs,
      wanted: this.#target.instances,
      instances: this.#instances,
      deaths: this.#deaths,
      served: this.served,
    }
  }

  #tell({ news }: DeployDecision): void {
    for (const one of news) {
      if (one.kind === 'instance') this.told.push(`${one.step.id}${one.step.label} ${one.step.step}`)
      else if (one.kind === 'progress') this.told.push(`${one.exchanged} of ${one.of}`)
      else this.told.push(`${one.instances} canaries`)
    }
  }

  #pursue(): void {
    const steps = planSteps(wishOf(this.#target), this.#instances)
    if (steps.length === 0) return
    for (const step of steps) this.#take(step)
    this.#decide()
  }

  #take(step: Step): void {
    if (step.kind === 'add') {
      let id = 1
      while (this.#instances.some((one) => one.id === String(id))) id += 1
      this.#instances.push(this.#started(String(id), step.version))
    } else if (step.kind === 'drain') {
      this.#instances = this.#instances.map((one) =>
        one.id === step.id ? { ...one, state: 'draining', changedAtMs: this.#nowMs } : one,
      )
    } else if (step.kind === 'remove') this.#instances = this.#instances.filter(({ id }) => id !== step.id)
  }

  #started(id: string, { number, label }: Version): Rehearsed {
    const epoch = (this.#epochs.get(id) ?? 0) + 1
    this.#epochs.set(id, epoch)
    const at = { startedAtMs: this.#nowMs, changedAtMs: this.#nowMs, readyAtMs: undefined }
    return { id, epoch, version: number, label, state: 'starting', role: 'server', isRetiring: false, ...at }
  }
}
