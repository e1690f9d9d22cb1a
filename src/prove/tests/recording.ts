// What the user's tests said to the app and heard from it; also as a HAR (HTTP Archive 1.2), so that it can be played again as a flow.
import type { IncomingMessage } from 'node:http'
import { nobody } from './clients.ts'

/** Beyond these, what comes is not kept (R7): a flow of so many steps would take hours to play. */
const mostExchanges = 400
const mostBodyBytes = 512 * 1024

export interface HarEntry {
  readonly startedDateTime: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly HarField[]
    readonly postData?: { readonly mimeType: string; readonly text: string }
  }
  readonly response: {
    readonly status: number
    readonly headers: readonly HarField[]
    readonly content: { readonly mimeType: string; readonly text: string }
  }
  /** Not of the standard: who asked. */
  readonly _client: string
}

export interface HarField {
  readonly name: string
  readonly value: string
}

/** One request of the tests and its answer. */
export interface Exchange {
  /** In the order in which they began, from 1. */
  readonly number: number
  readonly client: string
  /** From 1. */
  readonly instance: number
  /** Path and query. */
  readonly path: string
  /** Its status is 0 where no answer came. */
  readonly entry: Omit<HarEntry, '_client'>
}

export interface RecordedExchange {
  /** `client`: who it was, as the answer tells. */
  answered(answer: IncomingMessage, client: string): void
  failed(): void
}

export interface RecordingOptions {
  /** What the recorded URLs begin with. */
  readonly origin: string
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Reads what names the servers of this run, such as their ports, as the site's name. */
  readonly inSiteName?: (text: string, instance: number) => string
}

export class Recording {
  readonly #options: RecordingOptions
  readonly #exchanges: Exchange[] = []
  #begun = 0

  constructor(options: RecordingOptions) {
    this.#options = options
  }

  /** In the order in which they began, those that ended. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges.toSorted((left, right) => left.number - right.number)
  }

  begin(request: IncomingMessage, instance: number, client: string): RecordedExchange | undefined {
    this.#begun += 1
    if (this.#begun > mostExchanges) return undefined
    const { origin, now, inSiteName = (text) => text } = this.#options
    const said = (text: string) => inSiteName(text, instance)
    const fieldsOf = (raw: readonly string[]): readonly HarField[] =>
      Array.from({ length: raw.length / 2 }, (_, index) => ({
        name: raw[2 * index] ?? '',
        value: said(raw[2 * index + 1] ?? ''),
      }))
    const begun = { number: this.#begun, instance, path: request.url ?? '/' }
    const startedDateTime = new Date(now()).toISOString()
    const body = collect(request)
    const asked = () => {
      const mimeType = request.headers['content-type']
      const head = {
        method: request.method ?? 'GET',
        url: `${origin}${begun.path}`,
        headers: fieldsOf(request.rawHeaders),
      }
      return mimeType === undefined ? head : { ...head, postData: { mimeType, text: said(body()) } }
    }
    const add = (owner: string, response: HarEntry['response']) => {
      const entry = { startedDateTime, request: asked(), response }
      this.#exchanges.push({ ...begun, client: owner, entry })
    }
    return {
      answered: (answer, owner) => {
        const content = collect(answer)
        answer.once('end', () => {
          const mimeType = answer.headers['content-type'] ?? ''
          add(owner, {
            status: answer.statusCode ?? 0,
            headers: fieldsOf(answer.rawHeaders),
            content: { mimeType, text: said(content()) },
          })
        })
      },
      failed: () => {
        add(client, { status: 0, headers: [], content: { mimeType: '', text: '' } })
      },
    }
  }
}

/** What a flow can be read from; what somebody asked before being known is the first client's. */
export function harOf(exchanges: readonly Exchange[]): {
  readonly log: { readonly version: string; readonly entries: readonly HarEntry[] }
} {
  const names = new Map<string, string>()
  const known = exchanges.find(({ client }) => client !== nobody)
  const entries = exchanges.map((exchange): HarEntry => {
    const isBefore = exchange.client === nobody && known !== undefined && exchange.number < known.number
    const client = isBefore ? known.client : exchange.client
    if (!names.has(client)) names.set(client, names.size === 0 ? 'visitor' : `visitor ${names.size + 1}`)
    return { ...exchange.entry, _client: names.get(client) ?? '' }
  })
  return { log: { version: '1.2', entries } }
}

function collect(message: IncomingMessage): () => string {
  const chunks: Buffer[] = []
  let size = 0
  message.on('data', (chunk: Buffer) => {
    size += chunk.byteLength
    if (size <= mostBodyBytes) chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
