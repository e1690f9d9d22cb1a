// One deploy from its beginning to its end: shows the pure decision what there is, and carries out what it says.
import { startKey } from '../base/wire.ts'
import type { DeployEvent, DeployOutcome } from '../control/deploying.ts'
import { beginDeploy, decideDeploy } from '../supervisor/deploy/deploy.ts'
import {
  setBack,
  type DeployDecision,
  type DeployNews,
  type DeployPicture,
  type DeployPlan,
  type DeployState,
  type DeployVerdict,
} from '../supervisor/deploy/state.ts'
import type { DeployedDeath, DeployedInstance } from '../supervisor/deploy/steps.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import type { Cancel } from '../supervisor/scheduler.ts'
import type { Version } from '../supervisor/version.ts'
import { DeployTally } from './deploy-tally.ts'
import type { DeploysPorts } from './deploys.ts'

/** Time passes without a change of the fleet, and balancers count without telling. */
const lookIntervalMs = 200
const mostLines = 20

export interface DeployEnd {
  readonly outcome: DeployOutcome
  readonly reason: string | null
  readonly lines: readonly string[]
  readonly elapsedMs: number
}

export interface DeployOrder extends Pick<DeployPlan, 'surge' | 'canary'> {
  readonly version: Version
}

/** Called synchronously; must not throw. */
export interface DeployListener {
  /** All but the end. */
  readonly onEvent: (event: DeployEvent) => void
  /** Before the fleet aims at anything else, so that what is written down then holds even if the primary dies right after. */
  readonly onOver: (verdict: DeployVerdict) => void
}

export class RunningDeploy {
  readonly version: Version
  /** Settles once; never rejects. The fleet aims at what runs from now on. */
  readonly ended: Promise<DeployEnd>
  readonly #ports: DeploysPorts
  readonly #plan: DeployPlan
  readonly #listener: DeployListener
  readonly #tally: DeployTally
  readonly #over = Promise.withResolvers<DeployEnd>()
  #state: DeployState
  /** Since the last decision. */
  #deaths: readonly InstanceDeath[] = []
  /** The last words of the instance it failed by. */
  #lines: Promise<readonly string[]> = Promise.resolve([])
  #cancelLook: Cancel | undefined
  #isDue = false
  #isLooking = false
  #isOver = false

  constructor({ version, surge, canary }: DeployOrder, ports: DeploysPorts, listener: DeployListener) {
    this.version = version
    this.ended = this.#over.promise
    this.#ports = ports
    this.#listener = listener
    this.#plan = { fresh: version, old: ports.target().current, surge, ...(canary && { canary }) }
    this.#tally = new DeployTally(version.number, ports.instances(), ports.stats())
    this.#state = beginDeploy(this.#plan, this.#picture([]))
  }

  begin(): void {
    const { label, number } = this.version
    const { current, instances } = this.#ports.target()
    this.#listener.onEvent({ kind: 'begun', version: label, number, replaces: current.label, instances })
    this.#lookAgain()
    this.look()
  }

  /** Something changed. */
  look(): void {
    this.#isDue = true
    // Whatever the fleet is told to do is a change, and leads back here.
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      while (this.#isDue && !this.#isOver) {
        this.#isDue = false
        this.#decide()
      }
    } finally {
      this.#isLooking = false
    }
  }

  died(death: InstanceDeath): void {
    this.#deaths = [...this.#deaths, death]
    if (death.isKill) this.#tally.forget(death)
    this.look()
  }

  /** The version before comes back; then it ends as aborted. */
  abort(reason: string): void {
    this.#setState(setBack(this.#state, { outcome: 'aborted', reason }, this.#ports.now()), [])
    this.look()
  }

  /** The fleet ends as it is: nothing is waited for, and no instance exchanged any more. */
  stop(reason: string): void {
    if (!this.#isOver) this.#close(this.#state.setback ?? { outcome: 'aborted', reason })
  }

  #decide(): void {
    const deaths = this.#deaths
    this.#deaths = []
    this.#tally.look(this.#ports.instances(), this.#ports.stats())
    const { healthyTimeMs, errorRate, latency } = this.#ports.rules()
    const limits = { healthyTimeMs, errorRate, latency }
    const decision = decideDeploy(this.#state, this.#picture(deaths), limits)
    this.#setState(decision.state, deaths)
    for (const news of decision.news) this.#listener.onEvent(this.#eventOf(news))
    if (decision.verdict === undefined) this.#aim(decision.next)
    else this.#end(decision.verdict)
  }

  /** Whoever it fails by is asked for the last lines now: later it is gone, and its id another's. */
  #setState(state: DeployState, deaths: readonly InstanceDeath[]): void {
    const culprit = state.setback?.culprit
    if (this.#state.setback === undefined && culprit !== undefined) {
      const death = deaths.find((one) => startKey(one) === startKey(culprit))
      this.#lines = death?.lastLines ?? Promise.resolve(this.#ports.linesOf(culprit.id))
    }
    this.#state = state
  }

  #picture(deaths: readonly InstanceDeath[]): DeployPicture {
    return {
      nowMs: this.#ports.now(),
      wanted: this.#ports.target().instances,
      instances: this.#ports.instances().map(deployedInstance),
      deaths: deaths.map(deployedDeath),
      served: this.#tally.compare(),
    }
  }

  #aim(wanted: DeployDecision['next']): void {
    const target = this.#ports.target()
    const { next } = target
    const { instances, proven, isBad } = wanted
    if (next?.instances === instances && next.proven === proven && next.isBad === isBad) return
    this.#ports.aim({ ...target, next: { version: this.version, surge: this.#plan.surge, ...wanted } })
  }

  #end(verdict: DeployVerdict): void {
    this.#close(verdict)
    const { next: _over, ...target } = this.#ports.target()
    this.#ports.aim(verdict.outcome === 'done' ? { ...target, current: this.version } : target)
  }

  #close(verdict: DeployVerdict): void {
    this.#isOver = true
    this.#cancelLook?.()
    this.#listener.onOver(verdict)
    const { outcome } = verdict
    const reason = verdict.outcome === 'done' ? null : verdict.reason
    void this.#tellEnd({ outcome, reason, elapsedMs: this.#elapsedMs() })
  }

  async #tellEnd(end: Omit<DeployEnd, 'lines'>): Promise<void> {
    const lines = await this.#lines.catch(() => [])
    this.#over.resolve({ ...end, lines: lines.slice(-mostLines) })
  }

  #lookAgain(): void {
    this.#cancelLook = this.#ports.scheduler.after(lookIntervalMs, () => {
      this.#lookAgain()
      this.look()
    })
  }

  #elapsedMs(): number {
    return Math.max(0, this.#ports.now() - this.#state.beganAtMs)
  }

  #eventOf(news: DeployNews): DeployEvent {
    const elapsedMs = this.#elapsedMs()
    if (news.kind !== 'instance') return { ...news, elapsedMs }
    const { id, label, step, detail } = news.step
    return { kind: 'instance', id, version: label, step, elapsedMs, detail }
  }
}

function deployedInstance({ version, ...view }: InstanceView): DeployedInstance {
  const { id, epoch, state, role, isRetiring, startedAtMs, readyAtMs } = view
  const { number, label } = version
  return { id, epoch, version: number, label, state, role, isRetiring, startedAtMs, readyAtMs }
}

function deployedDeath({ id, epoch, version, reason, isKill, earlyDeaths }: InstanceDeath): DeployedDeath {
  return { id, epoch, version: version.number, label: version.label, reason, isKill, earlyDeaths }
}
