// Watches the ready instances from outside: whether their event loops turn, what they need, and what they tell of themselves.
import type { AnnouncedRoute, InstanceTelemetry } from '../base/instance-telemetry.ts'
import type { InstanceState } from '../supervisor/fleet-options.ts'
import type { Liveness } from '../supervisor/liveness.ts'
import type { Scheduler } from '../supervisor/scheduler.ts'

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

/** What the watch tells, each time of an instance that `follow` called ready. Called synchronously; must not throw. */
export interface InstanceWatchPorts {
  /** Once an epoch; the instance is asked no more. `detail` such as 'did not answer for 5000 ms'. */
  readonly onHang: (id: string, epoch: number, detail: string) => void
  /** Once an epoch: its process group was above the ceiling twice in a row. */
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
  constructor(options: InstanceWatchOptions, ports: InstanceWatchPorts) {
    void options
    void ports
  }

  /**
   * Tells which instances there are, after every change: before the balancers are told, so that routes which a new instance has not
   * announced lose their licence first.
   */
  follow(views: readonly WatchedView[]): void {
    void views
  }

  latest(id: string): InstanceFigures | undefined {
    void id
    return undefined
  }

  /** Asks nothing more and tells nothing more. */
  close(): void {}
}
