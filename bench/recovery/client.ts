// One visitor's HTTP client: one connection that is kept, the cookies, and never a second try.
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'

export type Method = 'GET' | 'POST'

export interface Exchange {
  readonly method: Method
  /** Undefined when there was no whole answer. */
  readonly status: number | undefined
  readonly body: unknown
  /** Why there was none, such as ECONNRESET or timeout. */
  readonly reason: string | undefined
  readonly durationMs: number
}

export const requestTimeoutMs = 10_000

export class ShopClient {
  readonly #origin: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #cookies = new Map<string, string>()

  constructor(origin: string) {
    this.#origin = origin
  }

  /** Never rejects: what goes wrong is the finding. */
  async ask(method: Method, path: string, body?: unknown): Promise<Exchange> {
    const startedMs = performance.now()
    const timeout = AbortSignal.timeout(requestTimeoutMs)
    const finish = (status: number | undefined, text: unknown, reason?: string): Exchange => {
      return { method, status, body: text, reason, durationMs: performance.now() - startedMs }
    }
    try {
      const answer = await send(this.#request(method, path, body, timeout), body)
      const text = await readText(answer)
      this.#keepCookies(answer.headers['set-cookie'] ?? [])
      return finish(answer.statusCode, parse(text))
    } catch (error) {
      return finish(undefined, undefined, timeout.aborted ? 'timeout' : reasonOf(error))
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #request(method: Method, path: string, body: unknown, signal: AbortSignal): ClientRequest {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      ...(cookie === '' ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    return request(this.#origin + path, { method, headers, agent: this.#agent, signal })
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name === undefined || value === undefined) continue
      if (value === '' || /;\s*max-age=0\b/i.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }
}

function send(outgoing: ClientRequest, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    // It stays, as a connection can also break after the answer's head.
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8')
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return text
}

/** An answer that is not JSON is a balancer's own page. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : String(error)
}
