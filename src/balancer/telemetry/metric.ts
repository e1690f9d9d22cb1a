// Metrics as data, in the shape of prom-client's getMetricsAsJSON: a worker sends them, the primary adds them up. So only
// the process that is scraped needs prom-client, and counting costs no more than adding numbers.

export type Labels = Readonly<Record<string, string | number>>

export interface MetricValue {
  readonly labels: Labels
  readonly value: number
  /** Of a histogram: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string
}

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** How values of several workers become one. */
  readonly aggregator: 'sum'
  readonly values: readonly MetricValue[]
}

export function counter(name: string, help: string, values: readonly MetricValue[]): Metric {
  return { name, help, type: 'counter', aggregator: 'sum', values }
}

export function gauge(name: string, help: string, values: readonly MetricValue[]): Metric {
  return { name, help, type: 'gauge', aggregator: 'sum', values }
}

/** One series for each set of labels. */
export function histogram(
  name: string,
  help: string,
  series: readonly (readonly [Labels, Durations])[],
): Metric {
  const values = series.flatMap(([labels, durations]) => durations.values(name, labels))
  return { name, help, type: 'histogram', aggregator: 'sum', values }
}

/** The value of a metric without labels. */
export function single(value: number): readonly MetricValue[] {
  return [{ labels: {}, value }]
}

/** Upper bounds in seconds. Workers of two versions are added up bucket by bucket: other bounds need another metric name. */
const boundsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const

/** Adds to a count, of which an array holds many. */
export function raise(counts: Float64Array, index: number, by = 1): void {
  counts[index] = (counts[index] ?? 0) + by
}

/** A histogram of times with fixed buckets. */
export class Durations {
  /** How many fell into each bucket alone; the last is for what is beyond all bounds. */
  readonly #counts = new Float64Array(boundsSeconds.length + 1)
  #sumSeconds = 0

  /** Takes milliseconds; a clock that seems to run backwards counts as none passed. */
  observe(ms: number): void {
    const seconds = ms > 0 ? ms / 1_000 : 0
    let bucket = 0
    while (bucket < boundsSeconds.length && seconds > (boundsSeconds[bucket] ?? 0)) bucket++
    raise(this.#counts, bucket)
    this.#sumSeconds += seconds
  }

  get isEmpty(): boolean {
    return this.#counts.every((count) => count === 0)
  }

  add(other: Durations): void {
    for (const [bucket, count] of other.#counts.entries()) raise(this.#counts, bucket, count)
    this.#sumSeconds += other.#sumSeconds
  }

  values(name: string, labels: Labels): MetricValue[] {
    let total = 0
    const buckets = [...this.#counts].map((count, bucket) => {
      total += count
      const le = boundsSeconds[bucket] ?? '+Inf'
      return { labels: { le, ...labels }, value: total, metricName: `${name}_bucket` }
    })
    return [
      ...buckets,
      { labels, value: this.#sumSeconds, metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ]
  }
}
