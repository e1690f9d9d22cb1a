// The primary's side of metrics: what its workers report is added up, and what dead workers had counted is kept, for a
// counter that falls looks to Prometheus like one that began anew, and is counted twice.
import { AggregatorRegistry } from 'prom-client'
import { formerInstances } from './instance-counts.ts'
import type { Metric, MetricValue } from './metric.ts'

/** Instances told apart among what dead workers had counted. */
const capacity = 256

export class MergedMetrics {
  readonly #live = new Map<number, readonly Metric[]>()
  #retired: readonly Metric[] = []

  /** Takes a worker's report in place of its last one. What is not in the expected shape is left out. */
  update(worker: number, report: readonly unknown[]): void {
    this.#live.set(worker, report.filter(isMetric))
  }

  /** The worker is gone: what it counted stays, what it was doing does not. */
  retire(worker: number): void {
    const last = this.#live.get(worker)
    if (last === undefined) return
    this.#live.delete(worker)
    const counted = last.filter(({ type }) => type !== 'gauge')
    this.#retired = boundInstances(addUp([...this.#retired, ...counted]))
  }

  /** For `Content-Type` of an answer with `text`. */
  get contentType(): string {
    return AggregatorRegistry.PROMETHEUS_CONTENT_TYPE
  }

  /** Everything in Prometheus' text format 0.0.4. */
  text(): Promise<string> {
    return AggregatorRegistry.aggregate([this.#retired, ...this.#live.values()]).metrics()
  }
}

/** A worker may be of another version than its primary. */
function isMetric(value: unknown): value is Metric {
  if (typeof value !== 'object' || value === null) return false
  const metric: Partial<Record<keyof Metric, unknown>> = value
  return (
    typeof metric.name === 'string' &&
    typeof metric.help === 'string' &&
    (metric.type === 'counter' || metric.type === 'gauge' || metric.type === 'histogram') &&
    metric.aggregator === 'sum' &&
    Array.isArray(metric.values)
  )
}

/** One metric for each name, one value for each set of labels. */
function addUp(metrics: readonly Metric[]): Metric[] {
  const byName = new Map<string, Metric>()
  for (const metric of metrics) {
    const before = byName.get(metric.name)?.values ?? []
    byName.set(metric.name, { ...metric, values: addValues([...before, ...metric.values]) })
  }
  return [...byName.values()]
}

function addValues(values: readonly MetricValue[]): MetricValue[] {
  const byLabels = new Map<string, MetricValue>()
  for (const value of values) {
    const key = JSON.stringify([value.metricName, value.labels])
    byLabels.set(key, { ...value, value: (byLabels.get(key)?.value ?? 0) + value.value })
  }
  return [...byLabels.values()]
}

/** Deploys bring new instances for ever: those seen first are no longer told apart. */
function boundInstances(metrics: readonly Metric[]): readonly Metric[] {
  const labels = metrics.flatMap(({ values }) => values.map((value) => value.labels.instance))
  const instances = [...new Set(labels)].filter((label) => label !== undefined && label !== formerInstances)
  if (instances.length <= capacity) return metrics
  const forgotten = new Set(instances.slice(0, instances.length - capacity))
  return metrics.map((metric) => ({
    ...metric,
    values: addValues(
      metric.values.map((value) =>
        forgotten.has(value.labels.instance)
          ? { ...value, labels: { ...value.labels, instance: formerInstances } }
          : value,
      ),
    ),
  }))
}
