// The counters of one balancer worker: cheap to raise, turned into metrics only when somebody asks.
import type { AttemptRecord, ExchangeEnd, ExchangeRecord } from '../exchange/record.ts'
import { InstanceCounts } from './instance-counts.ts'
import {
  counter,
  Durations,
  gauge,
  histogram,
  raise,
  single,
  type Metric,
  type MetricValue,
} from './metric.ts'

/** What the worker's other parts know at the moment of a scrape. Counts run from the worker's start and never fall. */
export interface BalancerState {
  /** Requests that wait for an instance. */
  readonly parked: number
  readonly clientConnections: number
  readonly tunnels: number
  /** Retries that R1 allowed and the budget did not. */
  readonly retryBudgetExhausted: number
  /** Requests answered 503 because too many waited. */
  readonly shed: number
  /** Requests refused before they became exchanges, by the status they were answered with: unreadable, too slow, too many. */
  readonly refused: ReadonlyMap<number, number>
  /** Those of the roster. */
  readonly instances: readonly { readonly id: string; readonly inFlight: number; readonly ejected: boolean }[]
}

export interface WorkerState extends BalancerState {
  readonly accessLogDropped: number
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const
const methodIndexes: ReadonlyMap<string, number> = new Map(methods.map((method, index) => [method, index]))
const otherMethod = methods.indexOf('other')

/** Codes from 100 to 599 stand for themselves, the two below them for the rest. */
const codes = 600
const noCode = 0
const otherCode = 1

const classes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
const ends: readonly ExchangeEnd[] = ['answered', 'refused', 'reset', 'client-left', 'tunnelled']

export class ExchangeMetrics {
  readonly #readState: () => WorkerState
  /** By method, then by code. */
  readonly #requests = new Float64Array(methods.length * codes)
  readonly #ends = new Float64Array(ends.length)
  readonly #durations = classes.map(() => new Durations())
  readonly #queues = new Durations()
  readonly #instances = new InstanceCounts()
  readonly #retries = new Map<string, number>()
  #bytesOut = 0

  constructor(readState: () => WorkerState) {
    this.#readState = readState
  }

  /** An ExchangeObserver. */
  observe(record: ExchangeRecord): void {
    const { status, attempts } = record
    raise(this.#requests, indexOf(record.method, status))
    raise(this.#ends, ends.indexOf(record.end))
    this.#bytesOut += record.bytesOut
    this.#queues.observe(record.queueMs)
    const timed = record.end !== 'tunnelled'
    if (timed) this.#durations[classIndex(status)]?.observe(record.endedMs - record.startedMs)
    for (let index = 0; index < attempts.length; index++) {
      const attempt = attempts[index]
      if (attempt === undefined) continue
      this.#instances.observe(attempt, timed)
      if (index > 0) this.#countRetry(attempts[index - 1], attempt)
    }
  }

  /** As a worker reports them to its primary; prom-client's AggregatorRegistry.aggregate adds several workers up. */
  metricsAsJson(): readonly Metric[] {
    return [...this.#requestMetrics(), ...this.#attemptMetrics(), ...stateMetrics(this.#readState())]
  }

  #countRetry(before: AttemptRecord | undefined, attempt: AttemptRecord): void {
    const reason = before === undefined ? 'hedged' : retryReason(before, attempt)
    this.#retries.set(reason, (this.#retries.get(reason) ?? 0) + 1)
  }

  #requestMetrics(): Metric[] {
    const durations = classes.flatMap((name, index) => {
      const series = this.#durations[index]
      return series === undefined || series.isEmpty ? [] : [[{ class: name }, series] as const]
    })
    const endValues = ends.map((end, index) => ({ labels: { end }, value: this.#ends[index] ?? 0 }))
    return [
      counter(
        'drover_requests_total',
        'Requests by the status code the client got, "none" when it got none, and by method.',
        this.#requestValues(),
      ),
      counter(
        'drover_request_ends_total',
        'Requests by how they ended: answered by an instance, refused by the balancer, cut after the client had bytes, left by the client, or a tunnel.',
        endValues,
      ),
      counter('drover_response_bytes_total', 'Bytes of bodies sent to clients.', single(this.#bytesOut)),
      histogram(
        'drover_request_duration_seconds',
        'Time from the head of a request to the end of its answer, tunnels left out, by class of status code.',
        durations,
      ),
      histogram('drover_queue_duration_seconds', 'Time requests waited for an instance.', [
        [{}, this.#queues],
      ]),
    ]
  }

  #attemptMetrics(): Metric[] {
    const retries = [...this.#retries].map(([reason, value]) => ({ labels: { reason }, value }))
    return [
      histogram(
        'drover_upstream_duration_seconds',
        'Time instances took for the attempts they answered, tunnels left out.',
        this.#instances.durations(),
      ),
      counter(
        'drover_attempts_total',
        'Attempts of requests by instance and outcome.',
        this.#instances.attempts(),
      ),
      counter(
        'drover_retries_total',
        'Further attempts by how far the attempt before had come when it failed: not-sent, sent, responded; or not-processed, hedged.',
        retries,
      ),
    ]
  }

  #requestValues(): MetricValue[] {
    const values: MetricValue[] = []
    for (const [index, value] of this.#requests.entries()) {
      if (value === 0) continue
      const method = methods[Math.floor(index / codes)] ?? 'other'
      values.push({ labels: { code: codeName(index % codes), method }, value })
    }
    return values
  }
}

function stateMetrics(state: WorkerState): Metric[] {
  const { instances } = state
  return [
    gauge('drover_parked', 'Requests that wait for an instance.', single(state.parked)),
    gauge('drover_client_connections', 'Open connections of clients.', single(state.clientConnections)),
    gauge('drover_tunnels', 'Open WebSockets and other upgraded connections.', single(state.tunnels)),
    gauge(
      'drover_in_flight',
      'Attempts under way.',
      instances.map(({ id, inFlight }) => ({ labels: { instance: id }, value: inFlight })),
    ),
    gauge(
      'drover_ejected',
      'Balancer workers that give an instance nothing because its attempts failed.',
      instances.map(({ id, ejected }) => ({ labels: { instance: id }, value: ejected ? 1 : 0 })),
    ),
    counter(
      'drover_retry_budget_exhausted_total',
      'Retries that were allowed but for the retry budget.',
      single(state.retryBudgetExhausted),
    ),
    counter(
      'drover_refused_total',
      'Requests refused while they were read, and connections beyond the limit.',
      [...state.refused].map(([code, value]) => ({ labels: { code: String(code) }, value })),
    ),
    counter('drover_shed_total', 'Requests refused because too many waited.', single(state.shed)),
    counter(
      'drover_access_log_dropped_total',
      'Lines of the access log that could not be written.',
      single(state.accessLogDropped),
    ),
  ]
}

function indexOf(method: string, status: number): number {
  const code = status >= 100 && status < codes ? status : status === 0 ? noCode : otherCode
  return (methodIndexes.get(method) ?? otherMethod) * codes + code
}

function codeName(code: number): string {
  return code === noCode ? 'none' : code === otherCode ? 'other' : String(code)
}

function classIndex(status: number): number {
  return status >= 100 && status < codes ? Math.floor(status / 100) : 0
}

/** Attempts that follow no failure run beside each other. */
function retryReason(before: AttemptRecord, attempt: AttemptRecord): string {
  if (attempt.outcome === 'hedged-away') return 'hedged'
  if (before.outcome === 'failed') return before.progress
  return before.outcome === 'not-processed' ? 'not-processed' : 'hedged'
}
