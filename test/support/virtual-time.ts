// Time that passes when a test says so, with the timers that fall due in it.
import type { Cancel, Scheduler } from '../../src/supervisor/scheduler.ts'

interface Timer {
  readonly dueAtMs: number
  readonly run: () => void
}

export class VirtualTime implements Scheduler {
  #nowMs = 0
  /** In the order in which they were set. */
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#nowMs
  }

  get pending(): number {
    return this.#timers.size
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueAtMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Runs all that falls due meanwhile, in order, what it sets included. */
  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs
    for (;;) {
      const next = this.#next()
      if (next === undefined || next.dueAtMs > endMs) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueAtMs)
      next.run()
    }
    this.#nowMs = endMs
  }

  /** The one due soonest; of several, the one set first. */
  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueAtMs < next.dueAtMs) next = timer
    }
    return next
  }
}
