import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { MemoryStore } from '../../test/support/memory-store.ts'
import { keyOf } from './id.ts'
import { loadTelemetry, observed } from './telemetry.ts'

const key = keyOf('someone')

test('a store is observed once an SDK is registered, however late, and then tells spans and metrics without ids', async () => {
  const api = loadTelemetry() ?? assert.fail('@opentelemetry/api is installed here')
  const memory = new MemoryStore({ now: () => 0 })
  const store = observed(memory, api)
  await store.load(key)
  const spans = new InMemorySpanExporter()
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  try {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    )
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    await trace.getTracer('app').startActiveSpan('request', async (request) => {
      await store.load(key)
      memory.isUnavailable = true
      await assert.rejects(store.save(key, { set: new Map(), remove: new Set(), idleDeadlineMs: 1 }))
      request.end()
    })
    const finished = spans.getFinishedSpans()
    const request = finished.find((span) => span.name === 'request')
    const own = finished.filter((span) => span.name.startsWith('drover.'))
    assert.deepEqual(
      own.map((span) => [span.name, span.attributes['drover.session.outcome'], span.status.message]),
      [
        ['drover.session.load', 'absent', undefined],
        ['drover.session.save', 'STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'],
      ],
    )
    for (const span of own) assert.equal(span.parentSpanContext?.spanId, request?.spanContext().spanId)
    await reader.forceFlush()
    const points = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? []
    assert.deepEqual(
      points.map((point) => point.attributes['drover.session.method']),
      ['load', 'save'],
    )
    assert.ok(!JSON.stringify([own.map((span) => span.attributes), points]).includes(key))
  } finally {
    trace.disable()
    metrics.disable()
    context.disable()
    await reader.shutdown()
  }
})

test('an observed store keeps its optional powers, and calls go straight through while nobody listens', async () => {
  const api = loadTelemetry() ?? assert.fail('@opentelemetry/api is installed here')
  const memory = new MemoryStore({ now: () => 0 })
  const store = observed(memory, api)
  assert.equal(await store.load(key), undefined)
  const stop = store.watch(key, () => undefined)
  stop()
  assert.equal(memory.methods()[0], 'load')
})
