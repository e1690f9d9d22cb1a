// Watches the instances that serve from outside: whether their event loops turn, what they need, and what they tell of themselves.
import type { AnnouncedRoute, InstanceTelemetry } from '../base/instance-telemetry.ts'
import { describeDrift, findDrift } from '../supervisor/drift.ts'
import type { FingerprintHashes } from '../supervisor/drift.ts'
import type { InstanceState } from '../supervisor/fleet-options.ts'
import { wasLate } from '../supervisor/liveness.ts'
import type { Liveness } from '../supervisor/liveness.ts'
import { readGroupUsage, rssOf } from '../supervisor/process-usage.ts'
import type { GroupUsage } from '../supervisor/process-usage.ts'
import { systemScheduler } from '../supervisor/scheduler.ts'
import type { Cancel, Scheduler } from '../supervisor/scheduler.ts'
import { commonRoutes } from './announced-routes.ts'
import { askForTelemetry, WatchedInstance } from './watched-instance.ts'
import type { WatchedPlace, WatchRules } from './watched-instance.ts'

/** What the watch needs to know of an instance. */
export interface WatchedView {
  readonly id: string
  readonly epoch: number
  /** Of the leader of its process group. */
  readonly pid: number | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly state: InstanceState
  readonly version: { readonly number: number }
}

export interface InstanceWatchOptions {
  /** The fleet's secret word, which its instances have in `markerVariable`. */
  readonly secret: string
  /** Asked of instances that tell no telemetry; undefined: their liveness is not watched. */
  readonly healthPath: string | undefined
  /** From one question to the next. Default 1,000. */
  readonly intervalMs?: number
  /** A question left unanswered for so long means that the event loop hangs. Default 5,000. */
  readonly hangTimeoutMs?: number
  /** Memory that an instance may have; undefined: any. */
  readonly memoryCeilingBytes?: number | undefined
  /** From one look at memory and CPU to the next. Default 5,000. */
  readonly lookIntervalMs?: number
}

/** What the watch tells, each time of an instance that `follow` called ready or draining: what it holds would wait for ever for one that hangs. Called synchronously; must not throw. */
export interface InstanceWatchPorts {
  /** Once an epoch; the instance is asked no more. `detail` such as 'did not answer for 5000 ms'. */
  readonly onHang: (id: string, epoch: number, detail: string) => void
  /** With each look that finds its process group above the ceiling, from the second in a row on. */
  readonly onMemory: (id: string, epoch: number, rssBytes: number) => void
  /** Once an epoch. `sentence` such as 'SESSION_KEYS differs on instance 3'. */
  readonly onDrift: (id: string, epoch: number, sentence: string) => void
  /** The routes that every ready instance announces, whenever they changed; none at first. */
  readonly onRoutes: (routes: readonly AnnouncedRoute[]) => void
  /**
   * With every answer that is telemetry; with undefined once, when it turns out that the instance tells none. So the first call
   * of an epoch means that its drift and its routes, if it has any, have been told just before.
   */
  readonly onTelemetry: (id: string, epoch: number, telemetry: InstanceTelemetry | undefined) => void
  /** Timers; the system's when left out. */
  readonly scheduler?: Scheduler
  /** A clock that never goes back, in milliseconds. Default: performance.now. */
  readonly nowMs?: () => number
  /** What process groups use, by group id. Default: as the system tells. */
  readonly readUsage?: (groupIds: ReadonlySet<number>) => Promise<ReadonlyMap<number, GroupUsage>>
}

/** The last that is known of an instance; undefined is what was not learned in this epoch, or not yet. */
export interface InstanceFigures {
  readonly epoch: number
  readonly liveness: Liveness
  readonly telemetry: InstanceTelemetry | undefined
  /** Of the whole process group, pages that its processes share counted for each. */
  readonly rssBytes: number | undefined
  /** Processors that the whole process group kept busy between the last two looks, on average. */
  readonly coresUsed: number | undefined
}

/** So often within an interval it is looked at what is due: late by a quarter at most, and each instance at a time of its own. */
const ticksPerInterval = 4

/**
 * Asks each ready instance every `intervalMs`, on a connection of its own that is not kept: for telemetry, and where
 * that answers anything not ours, for the health path from then on. Where there is neither, nothing is known of its liveness: that a
 * connection is accepted proves nothing, since the kernel accepts for a process that has stopped.
 *
 * Any HTTP answer counts as alive, also 500, and so does a connection that is closed instead of one. A question without an answer counts
 * as silence, a refused connection too. But a health path that waits for a database that hangs makes a hung instance of a
 * healthy one: it should answer within the hang timeout whatever happens.
 */
export class InstanceWatch {
  readonly #rules: WatchRules
  readonly #lookIntervalMs: number
  readonly #tickMs: number
  readonly #ports: InstanceWatchPorts &
    Required<Pick<InstanceWatchPorts, 'scheduler' | 'nowMs' | 'readUsage'>>
  readonly #watched = new Map<string, WatchedInstance>()
  /** By the number of a version, what the first of its instances told. */
  readonly #fingerprints = new Map<number, FingerprintHashes>()
  /** Those whose telemetry was read before: fingerprint and routes are the same for an epoch. */
  readonly #heard = new WeakSet<WatchedInstance>()
  /** What each told when it was admitted, by id; of a start that is over until the next one. */
  readonly #admitted = new Map<string, { readonly epoch: number; readonly telemetry: InstanceTelemetry }>()
  /** Ids of those that are given requests. */
  #ready: ReadonlySet<string> = new Set()
  #routes = '[]'
  #plannedMs = 0
  #cancelTick: Cancel | undefined
  #lookDueMs = Number.NEGATIVE_INFINITY
  #isLooking = false

  constructor(options: InstanceWatchOptions, ports: InstanceWatchPorts) {
    const { secret, healthPath, memoryCeilingBytes, lookIntervalMs = 5_000 } = options
    const { intervalMs = 1_000, hangTimeoutMs = 5_000 } = options
    this.#rules = { secret, healthPath, intervalMs, hangTimeoutMs, memoryCeilingBytes }
    this.#lookIntervalMs = lookIntervalMs
    this.#tickMs = Math.max(5, Math.min(intervalMs, hangTimeoutMs, lookIntervalMs) / ticksPerInterval)
    this.#ports = {
      ...ports,
      scheduler: ports.scheduler ?? systemScheduler,
      nowMs: ports.nowMs ?? (() => performance.now()),
      readUsage: ports.readUsage ?? readGroupUsage,
    }
  }

  /**
   * Asks an instance, before it is given anything, for its telemetry. Resolves with why it must not be admitted, such as 'SESSION_KEYS differs
   * on instance 3'; undefined where nothing speaks against it, and also where it tells no telemetry. Within a second, never rejects.
   */
  async admit(view: Omit<WatchedView, 'state'>): Promise<string | undefined> {
    const place = placeOf({ ...view, state: 'ready' })
    if (place === undefined) return undefined
    const telemetry = await askForTelemetry(place, this.#rules.secret, this.#ports.scheduler)
    if (telemetry === undefined) return undefined
    const sentence = this.#driftOf(place, telemetry.fingerprint)
    if (sentence === undefined) this.#admitted.set(place.id, { epoch: place.epoch, telemetry })
    return sentence
  }

  /**
   * Tells which instances there are, after every change: before the balancers are told, so that routes which a new instance has not
   * announced lose their licence first.
   */
  follow(views: readonly WatchedView[]): void {
    const places = new Map(
      views.map(placeOf).flatMap((place) => (place === undefined ? [] : [[place.id, place]])),
    )
    for (const [id, watched] of this.#watched) {
      if (places.get(id)?.epoch !== watched.place.epoch) this.#forget(watched)
    }
    const added = [...places.values()]
      .filter(({ id }) => !this.#watched.has(id))
      .map((place) => this.#add(place))
    this.#forgetVersions(views)
    this.#ready = new Set(views.filter(({ state }) => state === 'ready').map(({ id }) => id))
    this.#tellRoutes()
    const nowMs = this.#ports.nowMs()
    for (const watched of added) watched.tend(nowMs)
    if (this.#watched.size > 0 && this.#cancelTick === undefined) this.#planTick(nowMs)
  }

  latest(id: string): InstanceFigures | undefined {
    const watched = this.#watched.get(id)
    if (watched === undefined) return undefined
    const { place, liveness, telemetry, rssBytes, coresUsed } = watched
    return { epoch: place.epoch, liveness, telemetry, rssBytes, coresUsed }
  }

  /** Asks nothing more and tells nothing more. */
  close(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    for (const watched of this.#watched.values()) watched.close()
    this.#watched.clear()
  }

  #add(place: WatchedPlace): WatchedInstance {
    const watched: WatchedInstance = new WatchedInstance(place, this.#rules, (telemetry) => {
      this.#hear(watched, telemetry)
    })
    this.#watched.set(place.id, watched)
    const known = this.#admitted.get(place.id)
    if (known?.epoch === place.epoch) {
      watched.know(known.telemetry)
      this.#heard.add(watched)
    }
    this.#admitted.delete(place.id)
    return watched
  }

  #forget(watched: WatchedInstance): void {
    watched.close()
    this.#watched.delete(watched.place.id)
  }

  #forgetVersions(views: readonly WatchedView[]): void {
    const numbers = new Set(views.map(({ version }) => version.number))
    for (const number of this.#fingerprints.keys()) {
      if (!numbers.has(number)) this.#fingerprints.delete(number)
    }
  }

  #hear(watched: WatchedInstance, telemetry: InstanceTelemetry | undefined): void {
    if (telemetry !== undefined && !this.#heard.has(watched)) {
      this.#heard.add(watched)
      const { id, epoch } = watched.place
      const sentence = this.#driftOf(watched.place, telemetry.fingerprint)
      if (sentence !== undefined) this.#ports.onDrift(id, epoch, sentence)
      this.#tellRoutes()
    }
    this.#ports.onTelemetry(watched.place.id, watched.place.epoch, telemetry)
  }

  /** By what the first instance of its version told. */
  #driftOf({ id, versionNumber }: WatchedPlace, fingerprint: FingerprintHashes): string | undefined {
    const reference = this.#fingerprints.get(versionNumber)
    if (reference === undefined) this.#fingerprints.set(versionNumber, fingerprint)
    return describeDrift(findDrift(reference ?? fingerprint, fingerprint), id)
  }

  #tellRoutes(): void {
    const ready = [...this.#watched.values()].filter(({ place }) => this.#ready.has(place.id))
    const announced = ready.map(({ telemetry }) => telemetry?.idempotentRoutes ?? [])
    const routes = commonRoutes(announced)
    const text = JSON.stringify(routes)
    if (text === this.#routes) return
    this.#routes = text
    this.#ports.onRoutes(routes)
  }

  #planTick(nowMs: number): void {
    this.#plannedMs = nowMs + this.#tickMs
    this.#cancelTick = this.#ports.scheduler.after(this.#tickMs, () => {
      this.#tick()
    })
  }

  #tick(): void {
    const nowMs = this.#ports.nowMs()
    this.#cancelTick = undefined
    if (wasLate(this.#plannedMs, nowMs, this.#rules.hangTimeoutMs)) this.#restartSilences(nowMs)
    if (this.#watched.size === 0) return
    // Before anything is told: what is told may call us again.
    this.#planTick(nowMs)
    for (const watched of this.#watched.values()) this.#tend(watched, nowMs)
    if (nowMs >= this.#lookDueMs && !this.#isLooking) void this.#look(nowMs)
  }

  #restartSilences(nowMs: number): void {
    for (const watched of this.#watched.values()) watched.restartSilence(nowMs)
  }

  #tend(watched: WatchedInstance, nowMs: number): void {
    if (!this.#isCurrent(watched) || !watched.tend(nowMs)) return
    const { id, epoch } = watched.place
    this.#ports.onHang(id, epoch, `did not answer for ${this.#rules.hangTimeoutMs} ms`)
  }

  #isCurrent(watched: WatchedInstance): boolean {
    return this.#watched.get(watched.place.id) === watched
  }

  async #look(nowMs: number): Promise<void> {
    this.#isLooking = true
    this.#lookDueMs = nowMs + this.#lookIntervalMs
    const watched = [...this.#watched.values()]
    try {
      const usage = await this.#ports.readUsage(new Set(watched.map(({ place }) => place.pid)))
      const readMs = this.#ports.nowMs()
      for (const one of watched) this.#take(one, usage.get(one.place.pid), readMs)
    } catch {
      // A look that failed tells nothing: the figures stay as they were, until the next.
    } finally {
      this.#isLooking = false
    }
  }

  #take(watched: WatchedInstance, usage: GroupUsage | undefined, nowMs: number): void {
    if (usage === undefined || !this.#isCurrent(watched)) return
    if (!watched.take(usage, nowMs)) return
    const { id, epoch } = watched.place
    this.#ports.onMemory(id, epoch, rssOf(usage))
  }
}

function placeOf(view: WatchedView): WatchedPlace | undefined {
  const { id, epoch, pid, host, port, state } = view
  const isServing = state === 'ready' || state === 'draining'
  if (!isServing || pid === undefined || host === undefined || port === undefined) return undefined
  return { id, epoch, pid, host, port, versionNumber: view.version.number }
}
