// What of a load is worth sending: nothing where nothing has changed, and the long counts of latency less often than the rest.
import type { BalancerLoad, UpstreamLoad } from './messages.ts'
import { countAll } from './telemetry/latency-buckets.ts'

const latencyIntervalMs = 1_000

export class LoadReports {
  #last = ''
  #latencyAtMs = -Infinity
  /** How many attempts the latency last sent had counted, by instance. */
  readonly #counted = new Map<string, number>()

  /** The report to send now, by a monotonic clock; undefined where nothing is new. `whole`: with all that is known. */
  next(load: BalancerLoad, nowMs: number, whole = false): BalancerLoad | undefined {
    const withLatency = whole || nowMs - this.#latencyAtMs >= latencyIntervalMs
    if (withLatency) this.#latencyAtMs = nowMs
    const upstreams = load.upstreams.map((upstream) => this.#shorten(upstream, withLatency))
    const report = { ...load, upstreams }
    const text = JSON.stringify(report)
    if (text === this.#last) return undefined
    this.#last = text
    return report
  }

  #shorten({ latency = [], ...rest }: UpstreamLoad, withLatency: boolean): UpstreamLoad {
    const counted = countAll(latency)
    if (!withLatency || counted === (this.#counted.get(rest.id) ?? 0)) return rest
    this.#counted.set(rest.id, counted)
    return { ...rest, latency }
  }
}
