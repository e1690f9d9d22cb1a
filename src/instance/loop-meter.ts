// Measures how busy the event loop is and how late it comes to its timers.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { InstanceTelemetry } from '../base/instance-telemetry.ts'

type Delays = ReturnType<typeof monitorEventLoopDelay>

type LoopFigures = Pick<
  InstanceTelemetry,
  'eventLoopUtilization' | 'eventLoopDelayP99Ms' | 'eventLoopDelayMaxMs'
>

/** A question that finds the window this old begins the next. A figure covers the window so far: soon after that, little. */
const windowMs = 1_000
const resolutionMs = 20

/** Delays are measured from the first reading on: the timer behind them wakes the process 50 times a second. */
export class LoopMeter {
  #since: EventLoopUtilization = performance.eventLoopUtilization()
  #sinceMs: number = performance.now()
  #delays: Delays | undefined

  read(): LoopFigures {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#since)
    this.#delays ??= startDelays()
    const figures = {
      eventLoopUtilization: Number.isFinite(utilization) ? utilization : 0,
      eventLoopDelayP99Ms: delayMs(this.#delays, this.#delays.percentile(99)),
      eventLoopDelayMaxMs: delayMs(this.#delays, this.#delays.max),
    }
    if (performance.now() - this.#sinceMs >= windowMs) this.#beginWindow(now)
    return figures
  }

  #beginWindow(now: EventLoopUtilization): void {
    this.#since = now
    this.#sinceMs = performance.now()
    this.#delays?.reset()
  }

  stop(): void {
    this.#delays?.disable()
  }
}

function startDelays(): Delays {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  return delays
}

/** Node records the time from one tick of its timer to the next: what is beyond the timer's own is the delay. */
function delayMs(delays: Delays, ns: number): number {
  return delays.count === 0 ? 0 : Math.max(0, ns / 1e6 - resolutionMs)
}
