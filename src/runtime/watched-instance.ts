// One epoch of an instance that is watched: what it is asked next, and what it was found to be.
import { telemetryPath, telemetrySecretHeader } from '../base/instance-telemetry.ts'
import type { InstanceTelemetry } from '../base/instance-telemetry.ts'
import { answered, asked, judgeLiveness, restarted, unasked } from '../supervisor/liveness.ts'
import type { Liveness, LivenessState } from '../supervisor/liveness.ts'
import { judgeMemory } from '../supervisor/memory.ts'
import { coresUsed, rssOf } from '../supervisor/process-usage.ts'
import type { GroupUsage } from '../supervisor/process-usage.ts'
import { askInstance } from './instance-question.ts'
import type { Outcome, Question } from './instance-question.ts'
import type { Scheduler } from '../supervisor/scheduler.ts'
import { readTelemetry } from './telemetry-reader.ts'

export interface WatchedPlace {
  readonly id: string
  readonly epoch: number
  readonly pid: number
  readonly host: string
  readonly port: number
  readonly versionNumber: number
}

export interface WatchRules {
  readonly secret: string
  readonly healthPath: string | undefined
  readonly intervalMs: number
  readonly hangTimeoutMs: number
  readonly memoryCeilingBytes: number | undefined
}

interface Look {
  readonly usage: GroupUsage
  readonly atMs: number
}

/** After so many questions for telemetry that ended without any response, it is held to tell none. */
const mostFailures = 3

export class WatchedInstance {
  readonly place: WatchedPlace
  readonly #rules: WatchRules
  readonly #onTelemetry: (telemetry: InstanceTelemetry | undefined) => void
  /** What to ask next; undefined: nothing can be asked. */
  #topic: 'telemetry' | 'health' | undefined = 'telemetry'
  /** Whether it has become clear if it tells telemetry. */
  #isSettled = false
  #failures = 0
  #telemetry: InstanceTelemetry | undefined
  #liveness: LivenessState = unasked
  #verdict: Liveness = 'alive'
  #dueMs = Number.NEGATIVE_INFINITY
  #giveUp: (() => void) | undefined
  #look: Look | undefined
  #coresUsed: number | undefined
  #looksAbove = 0

  /** `onTelemetry` as that of InstanceWatchPorts. */
  constructor(
    place: WatchedPlace,
    rules: WatchRules,
    onTelemetry: (telemetry: InstanceTelemetry | undefined) => void,
  ) {
    this.place = place
    this.#rules = rules
    this.#onTelemetry = onTelemetry
  }

  /** It was asked before it was watched, and told this. */
  know(telemetry: InstanceTelemetry): void {
    this.#isSettled = true
    this.#telemetry = telemetry
  }

  get telemetry(): InstanceTelemetry | undefined {
    return this.#telemetry
  }

  get liveness(): Liveness {
    return this.#verdict
  }

  get rssBytes(): number | undefined {
    return this.#look === undefined ? undefined : rssOf(this.#look.usage)
  }

  get coresUsed(): number | undefined {
    return this.#coresUsed
  }

  /** Asks what is due. Returns whether it was found to hang just now; then it is asked no more. */
  tend(nowMs: number): boolean {
    if (this.#verdict === 'hung') return false
    const verdict = judgeLiveness(this.#liveness, nowMs, this.#rules.hangTimeoutMs)
    if (verdict === 'hung' && !this.#maySilenceMeanNothing()) {
      this.#verdict = verdict
      this.close()
      return true
    }
    if (verdict === 'hung') this.#leaveUnanswered()
    else this.#verdict = verdict
    if (this.#giveUp === undefined && nowMs >= this.#dueMs) this.#ask(nowMs)
    return false
  }

  /** As long as the telemetry path was never answered: to an app that has none of ours it may be anything. */
  #maySilenceMeanNothing(): boolean {
    return this.#topic === 'telemetry' && !this.#isSettled
  }

  #leaveUnanswered(): void {
    this.#giveUp?.()
    this.#giveUp = undefined
    this.#liveness = unasked
    this.#verdict = 'alive'
    this.#dueMs = Number.NEGATIVE_INFINITY
    // Before the next question for telemetry, find out whether the loop turns at all.
    if (!this.#hasFailed() && this.#rules.healthPath !== undefined) this.#topic = 'health'
  }

  /** We ourselves stood still: silence counts from now. */
  restartSilence(nowMs: number): void {
    this.#liveness = restarted(this.#liveness, nowMs)
  }

  #ask(nowMs: number): void {
    const topic = this.#topic
    if (topic === undefined) return
    const { secret, healthPath = '/', intervalMs } = this.#rules
    const { host, port } = this.place
    const isTelemetry = topic === 'telemetry'
    this.#dueMs = nowMs + intervalMs
    this.#liveness = asked(this.#liveness, nowMs)
    const question = isTelemetry
      ? telemetryQuestion(this.place, secret)
      : { host, port, path: healthPath, headers: {}, wantsJson: false }
    this.#giveUp = askInstance(question, {
      onAlive: () => {
        this.#liveness = answered()
        this.#verdict = 'alive'
      },
      onEnd: (outcome) => {
        this.#giveUp = undefined
        if (isTelemetry) this.#hear(outcome)
        else if (!this.#isSettled) this.#topic = 'telemetry'
      },
    })
  }

  #hear(outcome: Outcome): void {
    const telemetry = typeof outcome === 'object' ? readTelemetry(outcome.body) : undefined
    if (telemetry !== undefined) {
      this.#isSettled = true
      this.#telemetry = telemetry
      this.#onTelemetry(telemetry)
    } else if (!this.#isSettled) {
      if (outcome === 'failed') this.#hasFailed()
      else this.#settleWithout()
    }
  }

  /** One more question for telemetry was not answered. Returns whether it was the last. */
  #hasFailed(): boolean {
    this.#failures += 1
    if (this.#failures < mostFailures) return false
    this.#settleWithout()
    return true
  }

  #settleWithout(): void {
    this.#isSettled = true
    this.#topic = this.#rules.healthPath === undefined ? undefined : 'health'
    if (this.#topic === undefined) this.#liveness = unasked
    this.#onTelemetry(undefined)
  }

  /** Takes what its group uses now. Returns whether that is too much memory. */
  take(usage: GroupUsage, nowMs: number): boolean {
    const last = this.#look
    this.#look = { usage, atMs: nowMs }
    this.#coresUsed = last === undefined ? undefined : coresUsed(last.usage, usage, nowMs - last.atMs)
    const verdict = judgeMemory(this.#looksAbove, rssOf(usage), this.#rules.memoryCeilingBytes)
    this.#looksAbove = verdict.looksAbove
    return verdict.isTooMuch
  }

  /** Gives up the question that is under way. */
  close(): void {
    this.#giveUp?.()
    this.#giveUp = undefined
  }
}

function telemetryQuestion({ host, port }: WatchedPlace, secret: string): Question {
  return { host, port, path: telemetryPath, headers: { [telemetrySecretHeader]: secret }, wantsJson: true }
}

/** An app that does not know the path may take its time to say so. */
const admissionTimeoutMs = 1_000

/** Asks once; undefined where no telemetry comes within a second. Never rejects. */
export function askForTelemetry(
  place: WatchedPlace,
  secret: string,
  scheduler: Scheduler,
): Promise<InstanceTelemetry | undefined> {
  return new Promise((resolve) => {
    const giveUp = askInstance(telemetryQuestion(place, secret), {
      onAlive: () => undefined,
      onEnd: (outcome) => {
        cancel()
        resolve(typeof outcome === 'object' ? readTelemetry(outcome.body) : undefined)
      },
    })
    const cancel = scheduler.after(admissionTimeoutMs, () => {
      giveUp()
      resolve(undefined)
    })
  })
}
