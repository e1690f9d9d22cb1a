// OpenTelemetry, where the app has it: a span and a metric for each call of the store. Without it, nothing at all.
import { createRequire } from 'node:module'
import type { Attributes, Histogram, Span, Tracer } from '@opentelemetry/api'
import { DroverError } from '../base/errors.ts'
import type { SessionStore } from './store.ts'

type Api = typeof import('@opentelemetry/api')
type Method = Exclude<keyof SessionStore, 'close'>

const methods: readonly Method[] = ['load', 'create', 'save', 'replace', 'touch', 'delete', 'list', 'revokeAll']

/** The app's own copy of the API, if it has one. Its absence is the usual case and no failure. */
export function loadTelemetry(): Api | undefined {
  try {
    const api: Api = createRequire(import.meta.url)('@opentelemetry/api')
    return api
  } catch {
    return undefined
  }
}

/**
 * The same store, observed: spans `drover.session.<method>` and the histogram `drover.session.store.duration` (seconds),
 * both with `drover.session.outcome`: found, absent, saved, gone, conflict, ok, or the code of the error. No keys, no ids.
 */
export function observed<Store extends SessionStore>(store: Store, api: Api): Store {
  const tracer = api.trace.getTracer('drover')
  const histogram = api.metrics.getMeter('drover').createHistogram('drover.session.store.duration', {
    unit: 's',
    description: 'Time that a call of the session store took',
  })
  const calls = new Map<PropertyKey, (...args: unknown[]) => unknown>(
    methods.map((method) => {
      const call = (...args: unknown[]): unknown => Reflect.apply(store[method], store, args)
      return [method, (...args: unknown[]) => observe({ api, tracer, histogram, method }, () => call(...args))]
    }),
  )
  // Everything else, private members and optional powers too, stays the store's own.
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      return calls.get(name) ?? (typeof value === 'function' ? value.bind(target) : value)
    },
  })
}

interface Observer {
  readonly api: Api
  readonly tracer: Tracer
  readonly histogram: Histogram
  readonly method: Method
}

function observe(observer: Observer, call: () => unknown): Promise<unknown> {
  const { api, tracer, method } = observer
  const begunMs = performance.now()
  return tracer.startActiveSpan(`drover.session.${method}`, { kind: api.SpanKind.CLIENT }, async (span) => {
    try {
      const result = await call()
      finish(observer, span, begunMs, outcomeOf(method, result))
      return result
    } catch (error) {
      const code = error instanceof DroverError ? error.code : 'INTERNAL'
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: code })
      finish(observer, span, begunMs, code)
      throw error
    }
  })
}

function finish({ histogram, method }: Observer, span: Span, begunMs: number, outcome: string): void {
  const attributes: Attributes = { 'drover.session.method': method, 'drover.session.outcome': outcome }
  span.setAttributes(attributes)
  span.end()
  histogram.record((performance.now() - begunMs) / 1_000, attributes)
}

function outcomeOf(method: Method, result: unknown): string {
  if (method === 'load') return result === undefined ? 'absent' : 'found'
  return typeof result === 'string' ? result : 'ok'
}
