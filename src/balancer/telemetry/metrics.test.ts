import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AggregatorRegistry } from 'prom-client'
import { parseExposition, type Family } from '../../../test/balancer/support/exposition.ts'
import { attemptOf, recordOf } from '../../../test/balancer/support/record.ts'
import { MergedMetrics } from './merged-metrics.ts'
import { ExchangeMetrics, type WorkerState } from './metrics.ts'

const quiet: WorkerState = {
  parked: 0,
  clientConnections: 0,
  tunnels: 0,
  retryBudgetExhausted: 0,
  shed: 0,
  refused: new Map(),
  accessLogDropped: 0,
  instances: [],
}

/** What a worker's primary gets over IPC. */
function reportOf(metrics: ExchangeMetrics): readonly object[] {
  return JSON.parse(JSON.stringify(metrics.metricsAsJson())) as readonly object[]
}

async function scrape(...workers: readonly ExchangeMetrics[]): Promise<ReadonlyMap<string, Family>> {
  const registry = AggregatorRegistry.aggregate(workers.map(reportOf))
  return parseExposition(await registry.metrics())
}

/** Value by labels, of the samples of one name. */
function valuesOf(families: ReadonlyMap<string, Family>, name: string): Record<string, number> {
  const samples = [...families.values()].flatMap((family) => family.samples)
  const own = samples.filter((sample) => sample.name === name)
  return Object.fromEntries(own.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

function upTo(families: ReadonlyMap<string, Family>, name: string, le: string): number | undefined {
  return families.get(name)?.samples.find(({ labels }) => labels.le === le)?.value
}

test('every metric has a name, type and help that prom-client and Prometheus read', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  metrics.observe(recordOf())
  const families = await scrape(metrics)
  const types = [...families].map(([name, { type }]) => `${name} ${type}`)
  assert.deepEqual(types, [
    'drover_requests_total counter',
    'drover_request_ends_total counter',
    'drover_response_bytes_total counter',
    'drover_request_duration_seconds histogram',
    'drover_queue_duration_seconds histogram',
    'drover_upstream_duration_seconds histogram',
    'drover_attempts_total counter',
    'drover_retries_total counter',
    'drover_parked gauge',
    'drover_client_connections gauge',
    'drover_tunnels gauge',
    'drover_in_flight gauge',
    'drover_ejected gauge',
    'drover_retry_budget_exhausted_total counter',
    'drover_refused_total counter',
    'drover_shed_total counter',
    'drover_access_log_dropped_total counter',
  ])
  assert.deepEqual(
    metrics.metricsAsJson().map(({ aggregator }) => aggregator),
    types.map(() => 'sum'),
  )
})

test('a worker that has seen nothing yet has metrics to scrape', async () => {
  const families = await scrape(new ExchangeMetrics(() => quiet))
  assert.deepEqual(valuesOf(families, 'drover_requests_total'), {})
  assert.deepEqual(valuesOf(families, 'drover_parked'), { '': 0 })
})

test('counts requests by code and method, and how they ended', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  for (const record of [
    recordOf({ bytesOut: 5 }),
    recordOf({ bytesOut: 6 }),
    recordOf({ method: 'POST', status: 404 }),
    recordOf({ status: 503, end: 'refused' }),
    recordOf({ status: 0, end: 'client-left', bytesOut: 0 }),
    recordOf({ method: 'PROPFIND', status: 207 }),
    recordOf({ method: 'BREW', status: 999, end: 'reset' }),
  ])
    metrics.observe(record)
  const families = await scrape(metrics)
  assert.deepEqual(valuesOf(families, 'drover_requests_total'), {
    '200 GET': 2,
    '404 POST': 1,
    '503 GET': 1,
    'none GET': 1,
    '207 other': 1,
    'other other': 1,
  })
  assert.deepEqual(valuesOf(families, 'drover_request_ends_total'), {
    answered: 4,
    refused: 1,
    reset: 1,
    'client-left': 1,
    tunnelled: 0,
  })
  assert.deepEqual(valuesOf(families, 'drover_response_bytes_total'), { '': 411 })
})

test('sorts durations into buckets whose bounds belong to them, in seconds', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  for (const ms of [0, 1, 1.5, 250, 251, 70_000])
    metrics.observe(recordOf({ endedMs: 1_000 + ms, queueMs: ms }))
  const families = await scrape(metrics)
  for (const name of ['drover_request_duration_seconds', 'drover_queue_duration_seconds']) {
    const bounds = ['0.001', '0.0025', '0.1', '0.25', '0.5', '60', '+Inf']
    assert.deepEqual(
      bounds.map((le) => upTo(families, name, le)),
      [2, 3, 3, 4, 5, 5, 6],
    )
    assert.deepEqual(Object.values(valuesOf(families, `${name}_sum`)), [70.5035])
  }
})

test('keeps a tunnel out of the durations, and a clock that steps back out of the sums', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  metrics.observe(recordOf({ status: 101, end: 'tunnelled', endedMs: 9_000_000 }))
  metrics.observe(recordOf({ endedMs: 900, queueMs: -1 }))
  const families = await scrape(metrics)
  assert.deepEqual(valuesOf(families, 'drover_request_duration_seconds_count'), { '2xx': 1 })
  assert.deepEqual(valuesOf(families, 'drover_request_duration_seconds_sum'), { '2xx': 0 })
  assert.deepEqual(valuesOf(families, 'drover_upstream_duration_seconds_count'), { 1: 1 })
})

test('counts attempts by instance and outcome, and retries by what made them necessary', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  const failed = (instance: string, progress: 'not-sent' | 'sent') =>
    attemptOf({ instance, outcome: 'failed', progress })
  metrics.observe(
    recordOf({ attempts: [failed('1', 'not-sent'), failed('2', 'sent'), attemptOf({ instance: '3' })] }),
  )
  metrics.observe(
    recordOf({ attempts: [attemptOf({ outcome: 'not-processed' }), attemptOf({ instance: '3' })] }),
  )
  metrics.observe(
    recordOf({ attempts: [attemptOf({ outcome: 'hedged-away' }), attemptOf({ instance: '3' })] }),
  )
  metrics.observe(
    recordOf({ attempts: [attemptOf({ instance: '3' }), attemptOf({ outcome: 'hedged-away' })] }),
  )
  metrics.observe(recordOf({ status: 503, end: 'refused', attempts: [] }))
  const families = await scrape(metrics)
  assert.deepEqual(valuesOf(families, 'drover_attempts_total'), {
    '1 failed': 1,
    '1 not-processed': 1,
    '1 hedged-away': 2,
    '2 failed': 1,
    '3 answered': 4,
  })
  assert.deepEqual(valuesOf(families, 'drover_retries_total'), {
    'not-sent': 1,
    sent: 1,
    'not-processed': 1,
    hedged: 2,
  })
  assert.deepEqual(valuesOf(families, 'drover_upstream_duration_seconds_count'), { 3: 4 })
})

test('shows what the worker is doing at the moment of the scrape', async () => {
  let state = quiet
  const metrics = new ExchangeMetrics(() => state)
  state = {
    parked: 3,
    clientConnections: 40,
    tunnels: 5,
    retryBudgetExhausted: 6,
    shed: 7,
    refused: new Map([[400, 2]]),
    accessLogDropped: 8,
    instances: [
      { id: '1', inFlight: 9, ejected: false },
      { id: 'a"b\\c\n', inFlight: 0, ejected: true },
    ],
  }
  const families = await scrape(metrics)
  const names = ['drover_parked', 'drover_client_connections', 'drover_tunnels', 'drover_shed_total']
  assert.deepEqual(
    names.map((name) => valuesOf(families, name)['']),
    [3, 40, 5, 7],
  )
  assert.deepEqual(valuesOf(families, 'drover_retry_budget_exhausted_total'), { '': 6 })
  assert.deepEqual(valuesOf(families, 'drover_access_log_dropped_total'), { '': 8 })
  assert.deepEqual(valuesOf(families, 'drover_in_flight'), { 1: 9, 'a"b\\c\n': 0 })
  assert.deepEqual(valuesOf(families, 'drover_ejected'), { 1: 0, 'a"b\\c\n': 1 })
})

test('tells a bounded number of instances apart, those of late, and loses no attempt of the others', async () => {
  const metrics = new ExchangeMetrics(() => quiet)
  for (let index = 0; index < 1_000; index++) {
    const attempts = [
      attemptOf({ instance: 'old' }),
      attemptOf({ instance: `i${index}`, endedMs: 2_000 + index }),
    ]
    metrics.observe(recordOf({ attempts: index % 100 === 0 ? attempts : attempts.slice(1) }))
  }
  const families = await scrape(metrics)
  const attempts = valuesOf(families, 'drover_attempts_total')
  assert.equal(Object.keys(attempts).length, 129)
  assert.equal(attempts['i999 answered'], 1)
  assert.equal(attempts['i0 answered'], undefined)
  const total = Object.values(attempts).reduce((sum, value) => sum + value, 0)
  assert.equal(total, 1_010)
  const timed = Object.values(valuesOf(families, 'drover_upstream_duration_seconds_count'))
  assert.equal(
    timed.reduce((sum, value) => sum + value, 0),
    1_010,
  )
})

test('several workers add up, series by series', async () => {
  const [one, two] = [0, 1].map(() => new ExchangeMetrics(() => ({ ...quiet, parked: 2 })))
  assert.ok(one !== undefined && two !== undefined)
  one.observe(recordOf())
  two.observe(recordOf())
  two.observe(recordOf({ status: 500, attempts: [attemptOf({ instance: '2' })] }))
  const families = await scrape(one, two)
  assert.deepEqual(valuesOf(families, 'drover_requests_total'), { '200 GET': 2, '500 GET': 1 })
  assert.deepEqual(valuesOf(families, 'drover_parked'), { '': 4 })
  assert.deepEqual(valuesOf(families, 'drover_request_duration_seconds_count'), { '2xx': 2, '5xx': 1 })
  assert.deepEqual(valuesOf(families, 'drover_upstream_duration_seconds_count'), { 1: 2, 2: 1 })
})

test('counters never fall when a worker dies or is replaced; what it was doing is gone', async () => {
  const merged = new MergedMetrics()
  assert.match(merged.contentType, /^text\/plain; version=0\.0\.4/)
  for (let worker = 0; worker < 3; worker++) {
    const metrics = new ExchangeMetrics(() => ({ ...quiet, parked: 1, shed: 10 }))
    metrics.observe(recordOf())
    merged.update(worker, reportOf(metrics))
    metrics.observe(recordOf())
    merged.update(worker, reportOf(metrics))
    if (worker < 2) merged.retire(worker)
  }
  merged.retire(77)
  const families = parseExposition(await merged.text())
  assert.deepEqual(valuesOf(families, 'drover_requests_total'), { '200 GET': 6 })
  assert.deepEqual(valuesOf(families, 'drover_request_duration_seconds_count'), { '2xx': 6 })
  assert.deepEqual(valuesOf(families, 'drover_shed_total'), { '': 30 })
  assert.deepEqual(valuesOf(families, 'drover_parked'), { '': 1 })
})

test('the metrics of dead workers stay bounded however many instances they had', async () => {
  const merged = new MergedMetrics()
  for (let worker = 0; worker < 10; worker++) {
    const metrics = new ExchangeMetrics(() => quiet)
    for (let index = 0; index < 100; index++) {
      metrics.observe(recordOf({ attempts: [attemptOf({ instance: `${worker}-${index}` })] }))
    }
    merged.update(worker, reportOf(metrics))
    merged.retire(worker)
  }
  const attempts = valuesOf(parseExposition(await merged.text()), 'drover_attempts_total')
  assert.equal(Object.keys(attempts).length, 257)
  assert.equal(attempts['former answered'], 1_000 - 256)
  assert.equal(attempts['9-99 answered'], 1)
})

test('a report in a shape unknown here is left out instead of failing the scrape', async () => {
  const merged = new MergedMetrics()
  merged.update(1, [
    undefined,
    7,
    {},
    { name: 'x', help: 'x', type: 'summary', aggregator: 'sum', values: [] },
  ])
  assert.equal(parseExposition(await merged.text()).size, 0)
})
