// Looks now and then whether a link's connections are alive: one that died silently would tell of no change.
import type { TrackingLink } from './link.ts'

export class Pulse {
  readonly #timer: NodeJS.Timeout

  /** Begins at once, and keeps no process alive. */
  constructor(link: TrackingLink, intervalMs: number) {
    this.#timer = setInterval(() => void link.probe(), intervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
