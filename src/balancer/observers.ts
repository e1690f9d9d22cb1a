// Who in a worker is told of every exchange that is over: the metrics and the access log.
import type { ExchangeRecord } from './exchange/record.ts'
import type { BalancerOptions } from './messages.ts'
import type { AccessLog } from './telemetry/access-log.ts'
import { ExchangeMetrics, type BalancerState } from './telemetry/metrics.ts'

export class Observers {
  readonly #metrics: ExchangeMetrics
  readonly #notice: (text: string) => void
  #counts = true
  #log: AccessLog | undefined
  #logPath: string | undefined

  /** `readState`: what the balancer is doing now. */
  constructor(readState: () => BalancerState, notice: (text: string) => void) {
    this.#metrics = new ExchangeMetrics(() => ({
      ...readState(),
      accessLogDropped: this.#log?.dropped ?? 0,
    }))
    this.#notice = notice
  }

  /** Follows the options: whether to count, and where to log. */
  async configure(options: BalancerOptions): Promise<void> {
    this.#counts = options.metrics ?? true
    const path = options.accessLog
    if (path === this.#logPath) return
    this.#logPath = path
    const log = path === undefined ? undefined : await openLog(path, this.#notice)
    // Told another path meanwhile, it is nobody's.
    const [used, unused] = this.#logPath === path ? [log, this.#log] : [this.#log, log]
    this.#log = used
    await unused?.close()
  }

  observe(record: ExchangeRecord): void {
    if (this.#counts) this.#metrics.observe(record)
    this.#log?.observe(record)
  }

  /** The worker's registry, for the primary. */
  metrics(): readonly unknown[] {
    return this.#metrics.metricsAsJson()
  }

  /** Opens the log's file again, after somebody renamed it. */
  reopenLog(): void {
    this.#log?.reopen()
  }

  async close(): Promise<void> {
    await this.#log?.close()
  }

  /** What is left at the very end of the process. */
  flush(): void {
    this.#log?.flushSync()
  }
}

/** Its logger is loaded by those who log. */
async function openLog(path: string, notice: (text: string) => void): Promise<AccessLog> {
  const { AccessLog } = await import('./telemetry/access-log.ts')
  return new AccessLog({ path, notice, now: Date.now })
}
