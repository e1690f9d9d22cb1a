// What the fleet has counted of its clients' requests at one moment, read from its metrics; see docs/balancer.md for their names.

/** A series of Prometheus' text format 0.0.4. */
interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Counts of requests by time: how many took at most `leMs`, which ascend and end with Infinity. */
export type Times = ReadonlyMap<number, number>

/** Since the fleet began; only differences say something. */
export interface Counts {
  readonly requests: number
  /** Answered by the balancer with an error of its own, or cut after the client had bytes. */
  readonly failed: number
  /** Answers of 500 and above, the balancer's own included. */
  readonly serverErrors: number
  /** Further attempts after a failure. */
  readonly retried: number
  /** Of the whole requests. */
  readonly durations: Times
  /** That requests waited for an instance; most waited 0 ms. */
  readonly waits: Times
}

export function readCounts(text: string): Counts {
  const series = readSeries(text)
  const sum = (name: string, isMeant: (labels: Series['labels']) => boolean = () => true) =>
    series.reduce((total, one) => (one.name === name && isMeant(one.labels) ? total + one.value : total), 0)
  return {
    requests: sum('drover_requests_total'),
    failed: sum('drover_request_ends_total', ({ end }) => end === 'refused' || end === 'reset'),
    serverErrors: sum('drover_requests_total', ({ code = '' }) => /^5\d\d$/.test(code)),
    retried: sum('drover_retries_total', ({ reason }) => reason !== 'hedged'),
    durations: timesOf(series, 'drover_request_duration_seconds_bucket'),
    waits: timesOf(series, 'drover_queue_duration_seconds_bucket'),
  }
}

/** What was counted from `before` to `after`; never below 0, should a killed balancer have taken some counts with it. */
export function countsBetween(before: Counts, after: Counts): Counts {
  const grown = (key: 'requests' | 'failed' | 'serverErrors' | 'retried') =>
    Math.max(0, after[key] - before[key])
  return {
    requests: grown('requests'),
    failed: grown('failed'),
    serverErrors: grown('serverErrors'),
    retried: grown('retried'),
    durations: timesBetween(before.durations, after.durations),
    waits: timesBetween(before.waits, after.waits),
  }
}

/**
 * The time in ms that the share `q` (0 to 1) did not exceed, taken evenly within its bucket; null where nothing was counted.
 * What is beyond all bounds counts as the last bound.
 */
export function quantile(times: Times, q: number): number | null {
  const total = times.get(Infinity) ?? 0
  if (total === 0) return null
  let lowerMs = 0
  let below = 0
  for (const [leMs, count] of times) {
    if (count >= q * total && count > below) {
      const share = (q * total - below) / (count - below)
      return leMs === Infinity ? lowerMs : lowerMs + (leMs - lowerMs) * Math.max(0, share)
    }
    lowerMs = leMs
    below = count
  }
  return lowerMs
}

/** How many took longer than the first bound, 1 ms. */
export function countNoticeable(times: Times): number {
  const [shortest = 0] = times.values()
  return (times.get(Infinity) ?? 0) - shortest
}

/** No request took longer than this, in ms; null where nothing was counted, Infinity when it is beyond all bounds. */
export function longest(times: Times): number | null {
  const total = times.get(Infinity) ?? 0
  if (total === 0) return null
  for (const [leMs, count] of times) if (count === total) return leMs
  return Infinity
}

function timesBetween(before: Times, after: Times): Times {
  return new Map([...after].map(([leMs, count]) => [leMs, Math.max(0, count - (before.get(leMs) ?? 0))]))
}

/** The buckets of all series added up. */
function timesOf(series: readonly Series[], name: string): Times {
  const sums = new Map<number, number>()
  for (const one of series) {
    if (one.name !== name) continue
    const { le = '' } = one.labels
    const leMs = le === '+Inf' ? Infinity : Number(le) * 1_000
    sums.set(leMs, (sums.get(leMs) ?? 0) + one.value)
  }
  return new Map([...sums].toSorted(([a], [b]) => a - b))
}

const line = /^(\w+)(?:\{(.*)\})? (\S+)/
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Lines that are no series are left out. */
function readSeries(text: string): Series[] {
  return text.split('\n').flatMap((row) => {
    const [, name, labels = '', value] = line.exec(row) ?? []
    if (name === undefined || value === undefined) return []
    const pairs = [...labels.matchAll(label)].map(([, key = '', word = '']) => [key, word] as const)
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}
