// A visitor with a cookie jar: asks one server or another, and keeps what it is given.
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The names of the cookies that came with it, those taken away not counted. */
  readonly cookies: readonly string[]
}

export interface Answer extends Head {
  readonly body: string
  readonly tookMs: number
}

/** An answer that is still on its way. */
export interface Asked {
  readonly head: Promise<Head>
  readonly answer: Promise<Answer>
}

/** What the app tells of a session; see contenders/pains/app.ts. */
export interface Account {
  readonly principal: string | undefined
  readonly theme: string | undefined
  readonly language: string | undefined
  readonly notes: number
}

/** RFC 6265bis section 5.6: browsers ignore a cookie whose name and value are longer together. */
const longestCookie = 4096
/** Heads that a server may send at most; far more than Node's own 16 KB for what it accepts. */
const longestHead = 131_072
/** Nobody waits longer for a page. */
export const patienceMs = 15_000

/** One for all: a connection is nobody's own, and thousands of visitors would leave thousands of them open. */
const agent = new Agent({ keepAlive: true })

export class Visitor {
  readonly #jar: Map<string, string>
  readonly #ignoresLongCookies: boolean

  constructor(jar: ReadonlyMap<string, string> = new Map(), options: { ignoresLongCookies?: boolean } = {}) {
    this.#jar = new Map(jar)
    this.#ignoresLongCookies = options.ignoresLongCookies ?? false
  }

  /** Somebody with the same cookies, who gets none of those that come later. */
  copy(): Visitor {
    return new Visitor(this.#jar)
  }

  get cookieHeader(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Rejects when no answer comes at all. */
  ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.begin(url, headers).answer
  }

  begin(url: string, headers: Readonly<Record<string, string>> = {}): Asked {
    const startMs = performance.now()
    const head = this.#send(url, headers)
    const answer = head.then(async ({ response, ...rest }) => ({
      ...rest,
      body: await text(response),
      tookMs: performance.now() - startMs,
    }))
    // Whoever looks at the answer alone, or at the head alone, is told there.
    head.catch(() => undefined)
    answer.catch(() => undefined)
    return { head, answer }
  }

  /** What the app knows of this visitor; nothing where it answers an error. */
  async read(origin: string): Promise<Account> {
    const { status, body } = await this.ask(`${origin}/read`)
    const account: unknown = status === 200 ? JSON.parse(body) : {}
    return {
      principal: wordIn(account, 'principal'),
      theme: wordIn(account, 'theme'),
      language: wordIn(account, 'language'),
      notes: Number(Object(account).notes ?? 0),
    }
  }

  async #send(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Head & { readonly response: IncomingMessage }> {
    const { cookieHeader } = this
    const sent = request(url, {
      method: url.includes('/read') ? 'GET' : 'POST',
      agent,
      maxHeaderSize: longestHead,
      headers: { ...headers, ...(cookieHeader === '' ? {} : { cookie: cookieHeader }) },
      signal: AbortSignal.timeout(patienceMs),
    })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve)
      sent.on('error', reject)
      sent.end()
    })
    const cookies = (response.headers['set-cookie'] ?? []).flatMap((line) => this.#keep(line))
    return { status: response.statusCode ?? 0, headers: response.headers, cookies, response }
  }

  /** The name of the cookie, unless the line takes one away. */
  #keep(line: string): string[] {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(name.length + 1)
    if (attributes.some((attribute) => isOver(attribute))) {
      this.#jar.delete(name)
      return []
    }
    if (!this.#ignoresLongCookies || name.length + value.length <= longestCookie) this.#jar.set(name, value)
    return [name]
  }
}

function isOver(attribute: string): boolean {
  const [name = '', value = ''] = attribute.split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now()
}

function wordIn(record: unknown, name: string): string | undefined {
  const value: unknown = Reflect.get(Object(record), name)
  return typeof value === 'string' ? value : undefined
}
