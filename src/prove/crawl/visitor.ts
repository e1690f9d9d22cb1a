// Visitors who look around in the app, each with cookies of its own, and the record of all they did.
import type { Answer } from '../drive/capture.ts'
import { CookieJar } from '../drive/cookies.ts'
import { encodeBody } from '../drive/body.ts'
import { isStreamType } from '../drive/event-text.ts'
import { exchange, exchangeLimits } from '../drive/exchange.ts'
import { parseJson } from '../json.ts'
import type { HttpStep, StepBody } from '../flow/flow.ts'
import type { Account } from './form.ts'
import { type Page, parsePage } from './page.ts'

/** Why a request was made, which decides whether the flow keeps it. */
export type Purpose =
  /** Whether there is anything. */
  | 'probe'
  | 'read'
  /** What a write left behind. */
  | 'read-back'
  | 'write'
  /** Logs in, or registers. */
  | 'enter'
  /** Comes last: what is deleted, and who logs out. */
  | 'end'
  /** Turned away, as it will be each time: worth a step where there is room. */
  | 'refused'
  /** One of many in a row, which a limit turned away. */
  | 'burst'
  /** Did not do what it was for. */
  | 'failed'

export interface Visit {
  readonly index: number
  readonly step: HttpStep
  readonly purpose: Purpose
  readonly answer: Answer & { readonly status: number }
  readonly page: Page | undefined
  readonly json: unknown
  /** Indices of visits without which this one makes no sense. */
  readonly needs: readonly number[]
}

export interface Asking {
  readonly method?: string
  readonly path: string
  readonly body?: StepBody | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly purpose: Purpose
  readonly needs?: readonly number[]
}

export interface CrawlLimits {
  readonly maxRequests: number
  readonly timeoutMs: number
  /** Of one request. */
  readonly requestTimeoutMs: number
}

export class Visitor {
  readonly name: string
  readonly jar: CookieJar = new CookieJar()
  account: Account | undefined
  /** Of a JSON login. */
  token: string | undefined
  hasEntered = false

  constructor(name: string) {
    this.name = name
  }
}

/** Whether it was answered with a stream, which goes on in a flow. */
export function isStream({ answer }: Visit): boolean {
  return answer.status === 200 && isStreamType(answer.headers['content-type']?.[0])
}

/** Asks one instance, within bounds, and remembers. */
export class Journey {
  readonly visits: Visit[] = []
  readonly #origin: string
  readonly #host: string
  readonly #limits: CrawlLimits
  readonly #signal: AbortSignal
  readonly #startedAtMs: number

  /** `host`: what requests call the app; its pages' addresses at that host are the app's own. */
  constructor(origin: string, host: string, limits: CrawlLimits, signal: AbortSignal) {
    this.#origin = origin
    this.#host = host
    this.#limits = limits
    this.#signal = signal
    this.#startedAtMs = performance.now()
  }

  get isOver(): boolean {
    const isLate = performance.now() - this.#startedAtMs > this.#limits.timeoutMs
    return isLate || this.#signal.aborted || this.visits.length >= this.#limits.maxRequests
  }

  /** Undefined once the bounds are reached. */
  async ask(visitor: Visitor, asking: Asking): Promise<Visit | undefined> {
    this.#signal.throwIfAborted()
    if (this.isOver) return undefined
    const step = this.#stepOf(visitor, asking)
    const answer = await this.#send(visitor, step)
    const isHtml =
      /html/i.test(answer.headers['content-type']?.[0] ?? '') || /^\s*<(?:!doctype|html)/i.test(answer.text)
    const { purpose, needs = [] } = asking
    const page = isHtml ? parsePage(answer.text) : undefined
    const visit: Visit = {
      index: this.visits.length,
      step,
      purpose,
      answer,
      page,
      json: isHtml ? undefined : parseJson(answer.text),
      needs,
    }
    this.visits.push(visit)
    return visit
  }

  #stepOf(visitor: Visitor, { method = 'GET', path, body, headers = {} }: Asking): HttpStep {
    const isWrite = method !== 'GET'
    return {
      kind: 'http',
      client: visitor.name,
      origin: `${method} ${path}, crawled`,
      method,
      path,
      headers: {
        accept: body?.kind === 'json' ? 'application/json' : 'text/html,application/json;q=0.9,*/*;q=0.8',
        // Frameworks that guard against other sites ask for it; the driver puts the name of the site in.
        ...(isWrite ? { origin: `http://${this.#host}` } : {}),
        ...(visitor.token === undefined ? {} : { authorization: `Bearer ${visitor.token}` }),
        ...headers,
      },
      body,
      capture: {},
      expect: { status: undefined, includes: undefined },
    }
  }

  async #send(visitor: Visitor, step: HttpStep): Promise<Visit['answer']> {
    const encoded = step.body === undefined ? undefined : encodeBody(step.body, {})
    const cookie = visitor.jar.header(step.path, Date.now())
    const headers = {
      ...step.headers,
      host: this.#host,
      ...(cookie === undefined ? {} : { cookie }),
      ...(encoded === undefined ? {} : { 'content-type': encoded.type }),
      ...(step.method === 'GET' ? {} : { 'content-length': String(encoded?.bytes.length ?? 0) }),
    }
    const outgoing = { method: step.method, path: step.path, headers, body: encoded?.bytes }
    const limits = { ...exchangeLimits, timeoutMs: this.#limits.requestTimeoutMs, bodyBytes: 2 ** 21 }
    const incoming = await exchange(this.#origin, outgoing, limits, this.#signal)
    visitor.jar.store(incoming.headers['set-cookie'] ?? [], step.path, Date.now())
    return { status: incoming.status, headers: incoming.headers, text: incoming.body.toString('utf8') }
  }

  /** What a visit was for is sometimes known only afterwards. */
  judge(visit: Visit, purpose: Purpose): Visit {
    const judged = { ...visit, purpose }
    this.visits[visit.index] = judged
    return judged
  }

  /** Path and query of an address as it stands in a page at `from`; undefined where it leads elsewhere or nowhere. */
  pathOf(href: string, from: string, base?: string): string | undefined {
    const here = `http://${this.#host}${from}`
    const url = URL.parse(href, base === undefined ? here : (URL.parse(base, here)?.href ?? here))
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined
    const isOwn = url.host === this.#host || url.host === new URL(this.#origin).host
    return isOwn ? url.pathname + url.search : undefined
  }

  /** Follows redirects of the app to itself, at most four; the last visit, which is `visit` where it did not redirect. */
  async follow(visitor: Visitor, visit: Visit | undefined, purpose: Purpose): Promise<Visit | undefined> {
    let at = visit
    for (let hop = 0; hop < 4 && at !== undefined; hop += 1) {
      const location = at.answer.headers['location']?.[0]
      if (at.answer.status < 300 || at.answer.status > 399 || location === undefined) return at
      const path = this.pathOf(location, at.step.path)
      if (path === undefined) return at
      at = (await this.ask(visitor, { path, purpose, needs: [at.index] })) ?? at
    }
    return at
  }
}
