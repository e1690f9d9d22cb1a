// OpenTelemetry, where the app has it: a span and a metric for each call of the store. Without it, nothing at all.
import { createRequire } from 'node:module'
import type { Histogram, MeterProvider, TracerProvider } from '@opentelemetry/api'
import { DroverError } from '../base/errors.ts'
import type { SessionStore } from './store.ts'

type Api = typeof import('@opentelemetry/api')
type Method = Exclude<keyof SessionStore, 'close'>

const methods: readonly Method[] = [
  'load',
  'create',
  'save',
  'replace',
  'touch',
  'delete',
  'list',
  'revokeAll',
]

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
 * While no SDK is registered, calls go straight through.
 */
export function observed<Store extends SessionStore>(store: Store, api: Api): Store {
  const instruments = new Instruments(api)
  const calls = new Map<PropertyKey, (...args: unknown[]) => unknown>(
    methods.map((method) => {
      const call = (args: readonly unknown[]): unknown => Reflect.apply(store[method], store, args)
      return [method, (...args: unknown[]) => instruments.observe(method, () => call(args))]
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

/** The SDK may be registered after sessions were made, so what it gives is asked for when it is used. */
class Instruments {
  readonly #api: Api
  readonly #noProvider: TracerProvider
  readonly #noHistogram: Histogram
  #meterProvider: MeterProvider | undefined
  #histogram: Histogram

  constructor(api: Api) {
    this.#api = api
    this.#noProvider = new api.ProxyTracerProvider().getDelegate()
    this.#noHistogram = this.#histogram = api.createNoopMeter().createHistogram('none')
  }

  observe(method: Method, call: () => unknown): unknown {
    const histogram = this.#currentHistogram()
    if (this.#isTracing()) return this.#trace(method, histogram, call)
    return histogram === this.#noHistogram ? call() : timed(method, histogram, call)
  }

  #isTracing(): boolean {
    const provider = this.#api.trace.getTracerProvider()
    return !(provider instanceof this.#api.ProxyTracerProvider) || provider.getDelegate() !== this.#noProvider
  }

  #currentHistogram(): Histogram {
    const provider = this.#api.metrics.getMeterProvider()
    if (provider !== this.#meterProvider) {
      this.#meterProvider = provider
      this.#histogram = provider.getMeter('drover').createHistogram('drover.session.store.duration', {
        unit: 's',
        description: 'Time that a call of the session store took',
      })
    }
    return this.#histogram
  }

  #trace(method: Method, histogram: Histogram, call: () => unknown): Promise<unknown> {
    const { SpanKind, SpanStatusCode, trace } = this.#api
    const options = { kind: SpanKind.CLIENT }
    return trace.getTracer('drover').startActiveSpan(`drover.session.${method}`, options, async (span) => {
      const finish = (outcome: string, isFailed: boolean) => {
        span.setAttribute('drover.session.outcome', outcome)
        if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
        span.end()
      }
      return timed(method, histogram, call, finish)
    })
  }
}

async function timed(
  method: Method,
  histogram: Histogram,
  call: () => unknown,
  finish?: (outcome: string, isFailed: boolean) => void,
): Promise<unknown> {
  const begunMs = performance.now()
  const end = (outcome: string, isFailed: boolean) => {
    const attributes = { 'drover.session.method': method, 'drover.session.outcome': outcome }
    histogram.record((performance.now() - begunMs) / 1_000, attributes)
    finish?.(outcome, isFailed)
  }
  try {
    const result = await call()
    end(outcomeOf(method, result), false)
    return result
  } catch (error) {
    end(error instanceof DroverError ? error.code : 'INTERNAL', true)
    throw error
  }
}

function outcomeOf(method: Method, result: unknown): string {
  if (method === 'load') return result === undefined ? 'absent' : 'found'
  return typeof result === 'string' ? result : 'ok'
}
