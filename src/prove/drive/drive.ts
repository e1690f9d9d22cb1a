// Does what a flow says against servers, and writes down what they answered.
import type { Servers } from '../app/servers.ts'
import type { Flow, Heard, HttpStep, Step, WebSocketStep } from '../flow/flow.ts'
import { requestPath, substitute } from '../flow/variables.ts'
import { laterEvents } from '../compare/events.ts'
import type { Observation, StreamLog, Trace } from '../trace.ts'
import { encodeBody } from './body.ts'
import { captureAll } from './capture.ts'
import { CookieJar } from './cookies.ts'
import {
  exchange,
  exchangeLimits,
  type ExchangeLimits,
  type Hold,
  type Incoming,
  type Outgoing,
} from './exchange.ts'
import { asksAnew, isWrite, type Schedule } from './schedule.ts'
import { Address, type Site } from './site.ts'
import { Sockets, type SocketAnswer } from './sockets.ts'
import { Streams } from './streams.ts'

/** What of the servers a drive needs. */
export type Driven = Pick<Servers, 'mode' | 'origins' | 'restart' | 'portOf'>

export interface DriveOptions {
  readonly site: Site
  /** Waits of the flow take this many times their length. */
  readonly pace: number
  /** Pause before each request, so that two baselines see different times. */
  readonly pauseMs: number
  /** Longer ones, by their step. */
  readonly pausesMs: ReadonlyMap<number, number>
  readonly limits: ExchangeLimits
  readonly signal: AbortSignal | undefined
  /** Called before each step, with its index. */
  readonly onStep: ((step: number) => void) | undefined
}

export const driveOptions: DriveOptions = {
  site: { host: 'localhost:3000' },
  pace: 1,
  pauseMs: 0,
  pausesMs: new Map(),
  limits: exchangeLimits,
  signal: undefined,
  onStep: undefined,
}

/**
 * Answers of every step that has a place, one after the other. Rejects when a restart fails or the signal aborts; whatever a
 * server does is an observation.
 */
export async function drive(
  flow: Flow,
  servers: Driven,
  schedule: Schedule,
  options: DriveOptions = driveOptions,
): Promise<Trace> {
  const driver = new Driver(servers, options, listensOf(flow))
  const observations: Observation[] = []
  try {
    for (const [index, step] of flow.steps.slice(0, schedule.length).entries()) {
      options.signal?.throwIfAborted()
      options.onStep?.(index)
      const place = schedule[index]
      if (place === undefined) continue
      if (place.restart) await servers.restart()
      const observation = await driver.take(step, index, place.instance)
      if (observation !== undefined) observations.push(observation)
    }
    const streams = await driver.streams()
    return { mode: servers.mode, observations, ...(streams.length === 0 ? {} : { streams }) }
  } finally {
    driver.end()
  }
}

/** What one instance alone gave out on a stream, where that is known. */
interface Listen {
  readonly stream: number
  readonly heard: readonly Heard[]
}

function listensOf(flow: Flow): readonly Listen[] {
  return flow.steps.flatMap((step) => {
    if (step.kind !== 'websocket' || step.action.do !== 'listen' || step.stream === undefined) return []
    return [{ stream: step.stream, heard: step.action.heard }]
  })
}

/** While it is not known what streams give out: after a step that writes, after another, and at the end, they are to be silent for so long. */
const silentMs = { write: 250, read: 50, end: 300 } as const
/** For what one instance gave out after a step: it may have to come from another one, which asks for news now and then. */
const hearWithinMs = 600
/** In one run, for what does not come. */
const patienceMs = 1_200
/** Since the last request, for what has not come by then. */
const lateMs = 2_000

class Driver {
  readonly #servers: Driven
  readonly #options: DriveOptions
  readonly #jars = new Map<string, CookieJar>()
  readonly #sockets = new Sockets()
  readonly #streams = new Streams()
  readonly #listens: readonly Listen[]
  readonly #taken = new Map<number, number>()
  #patienceMs = patienceMs
  #askedAt = 0
  /** Flows give every captured name to all clients. */
  #captured: Readonly<Record<string, string>> = {}

  constructor(servers: Driven, options: DriveOptions, listens: readonly Listen[]) {
    this.#servers = servers
    this.#options = options
    this.#listens = listens
  }

  end(): void {
    this.#sockets.closeAll()
    this.#streams.closeAll()
  }

  async streams(): Promise<readonly StreamLog[]> {
    const isAsked = this.#listens.length > 0 || this.#servers.mode === 'restart'
    if (!isAsked && !this.#streams.isEmpty) await this.#streams.untilSilent(silentMs.end)
    return this.#streams.logs
  }

  async take(step: Step, index: number, instance: number): Promise<Observation | undefined> {
    const { pace, pauseMs, pausesMs, signal } = this.#options
    if (step.kind === 'wait') {
      await pause(step.waitMs * pace, signal)
      return undefined
    }
    if (asksAnew(step)) await pause(Math.max(pauseMs, pausesMs.get(index) ?? 0), signal)
    const startedAtMs = Date.now()
    const since = performance.now()
    this.#streams.begin(index)
    const seen =
      step.kind === 'http' ? await this.#ask(step, index, instance) : await this.#talk(step, instance)
    const durationMs = performance.now() - since
    this.#taken.set(index, seen.instance)
    // Servers that are killed between requests cut streams off.
    if (!this.#streams.isEmpty && this.#servers.mode !== 'restart') await this.#hear(step, index)
    return { ...seen, step: index, startedAtMs, durationMs }
  }

  /** Until streams have given out what the step makes them give out; bounded, so that what is missing costs little. */
  async #hear(step: Step, index: number): Promise<void> {
    if (step.kind === 'websocket' && step.action.do !== 'send') return
    if (this.#listens.length === 0)
      await this.#streams.untilSilent(isWrite(step) ? silentMs.write : silentMs.read)
    for (const { stream, heard } of this.#listens) {
      const wanted = heard.filter(({ after }) => after === index)
      if (wanted.length === 0) continue
      const since = performance.now()
      const came = await this.#streams.hears(stream, wanted, Math.min(hearWithinMs, this.#patienceMs))
      if (!came) this.#patienceMs -= performance.now() - since
    }
    this.#askedAt = performance.now()
  }

  /** All that came on a stream since it was opened, once what one instance gave out is there. */
  async #listen(stream: number, heard: readonly Heard[]): Promise<SocketAnswer> {
    const caused = heard.filter(({ after }) => this.#taken.has(after))
    await this.#streams.hears(stream, caused, this.#askedAt + lateMs - performance.now())
    const log = this.#streams.logs.find(({ step }) => step === stream)
    const messages = log === undefined ? [] : laterEvents(log).map(({ text }) => text)
    return { instance: this.#taken.get(stream) ?? 1, status: 200, messages, error: undefined }
  }

  async #ask(step: HttpStep, index: number, instance: number): Promise<Answered> {
    const path = requestPath(substitute(step.path, this.#captured))
    const jar = this.#jar(step.client)
    const body = step.body === undefined ? undefined : encodeBody(step.body, this.#captured)
    const headers = this.#headers(step.headers, jar, path)
    if (body !== undefined) {
      headers['content-type'] = body.type
      headers['content-length'] = String(body.bytes.length)
    } else if (/^(POST|PUT|PATCH)$/i.test(step.method)) headers['content-length'] = '0'
    const outgoing = { method: step.method.toUpperCase(), path, headers, body: body?.bytes }
    const origin = this.#origin(instance)
    const incoming = await this.#exchange(origin, outgoing, this.#holdFor(step, index, instance))
    jar.store(incoming.headers['set-cookie'] ?? [], path, Date.now())
    return this.#noteAnswer(step, this.#inSiteName(incoming, instance), instance)
  }

  /** A browser leaves such a connection open. */
  #holdFor({ method, path, client }: HttpStep, step: number, instance: number): Hold | undefined {
    if (method.toUpperCase() !== 'GET') return undefined
    const address = this.#address(instance)
    const asSite = (text: string): string => address.asSite(text)
    return (stream, first) => {
      this.#streams.hold({ step, client, path, instance, asSite }, stream, first)
    }
  }

  /** A server that has just started may refuse for a moment; what was refused has reached nobody, and may be asked again. */
  async #exchange(origin: string, outgoing: Outgoing, hold: Hold | undefined): Promise<Incoming> {
    const { limits, signal } = this.#options
    let incoming = await exchange(origin, outgoing, limits, signal, hold)
    for (let again = 0; again < 3 && incoming.error === 'ECONNREFUSED'; again += 1) {
      await pause(100, signal)
      incoming = await exchange(origin, outgoing, limits, signal, hold)
    }
    return incoming
  }

  #noteAnswer(step: HttpStep, incoming: Incoming, instance: number): Answered {
    const text = incoming.body.toString('utf8')
    const captured = captureAll(step.capture, { headers: incoming.headers, text })
    this.#captured = { ...this.#captured, ...captured }
    return { ...incoming, instance, messages: [], captured }
  }

  async #talk(step: WebSocketStep, instance: number): Promise<Answered> {
    const key = `${step.client} ${step.socket}`
    const answer = await this.#act(step, key, instance)
    const address = this.#address(answer.instance)
    return {
      ...answer,
      messages: answer.messages.map((message) => address.asSite(message)),
      headers: {},
      body: Buffer.alloc(0),
      captured: {},
    }
  }

  #act(step: WebSocketStep, key: string, instance: number): Promise<SocketAnswer> | SocketAnswer {
    const { action } = step
    if (action.do === 'send') return this.#sockets.send(key, substitute(action.text, this.#captured))
    if (action.do === 'close') return this.#sockets.close(key)
    if (action.do === 'listen') return this.#listen(step.stream ?? -1, action.heard)
    if (action.do === 'expect') {
      const withinMs = action.withinMs * Math.max(1, this.#options.pace)
      const includes = substitute(action.includes, this.#captured)
      return this.#sockets.has(key)
        ? this.#sockets.expect(key, includes, withinMs)
        : this.#streams.expect(step.client, step.socket, includes, withinMs)
    }
    const path = requestPath(substitute(action.path, this.#captured))
    const headers = this.#headers(action.headers, this.#jar(step.client), path)
    const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    delete headers['sec-websocket-protocol']
    return this.#sockets.connect(key, {
      url: this.#origin(instance).replace(/^http/, 'ws') + path,
      protocols: protocols.filter((name) => name !== ''),
      headers,
      instance,
      timeoutMs: this.#options.limits.timeoutMs,
    })
  }

  /** Of a request in the site's name, whatever host the flow was recorded from; names in lower case. */
  #headers(own: Readonly<Record<string, string>>, jar: CookieJar, path: string): Record<string, string> {
    const { host } = this.#options.site
    const headers: Record<string, string> = { accept: '*/*', 'user-agent': userAgent }
    for (const [name, value] of Object.entries(own)) {
      const lower = name.toLowerCase()
      if (!ownToConnection.has(lower)) headers[lower] = substitute(value, this.#captured)
    }
    for (const name of ['origin', 'referer'])
      if (headers[name] !== undefined)
        headers[name] = headers[name].replace(/^\w+:\/\/[^/]*/, `http://${host}`)
    headers['host'] = host
    const cookie = jar.header(path, Date.now(), headers['cookie'])
    if (cookie !== undefined) headers['cookie'] = cookie
    return headers
  }

  #inSiteName(incoming: Incoming, instance: number): Incoming {
    const address = this.#address(instance)
    const headers = Object.entries(incoming.headers).map(([name, values]) => {
      return [name, values.map((value) => address.asSite(value))] as const
    })
    const body = isText(incoming)
      ? Buffer.from(address.asSite(incoming.body.toString('utf8')))
      : incoming.body
    return { ...incoming, headers: Object.fromEntries(headers), body }
  }

  #address(instance: number): Address {
    return new Address(this.#options.site, this.#origin(instance), [this.#servers.portOf(instance)])
  }

  #origin(instance: number): string {
    const origin = this.#servers.origins[instance - 1]
    if (origin === undefined) throw new RangeError(`There is no instance ${instance}`)
    return origin
  }

  #jar(client: string): CookieJar {
    const jar = this.#jars.get(client) ?? new CookieJar()
    this.#jars.set(client, jar)
    return jar
  }
}

type Answered = Omit<Observation, 'step' | 'startedAtMs' | 'durationMs'>

const userAgent = 'Mozilla/5.0 (compatible; drover-prove)'

/** Said anew for each request. */
const ownToConnection: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
])

function isText(incoming: Incoming): boolean {
  const type = incoming.headers['content-type']?.[0] ?? ''
  if (/json|text|xml|javascript|html|urlencoded/i.test(type)) return true
  return type === '' && !incoming.body.includes(0)
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms <= 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
