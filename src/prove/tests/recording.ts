// What the user's tests said to the app and heard from it, as a HAR (HTTP Archive 1.2), so that it can be played again as a flow.
import type { IncomingMessage } from 'node:http'

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
}

interface HarField {
  readonly name: string
  readonly value: string
}

export interface RecordedExchange {
  answered(answer: IncomingMessage): void
}

export class Recording {
  readonly #origin: string
  readonly #now: () => number
  readonly #entries: { readonly number: number; readonly entry: HarEntry }[] = []
  #begun = 0

  /** `origin`: what the recorded URLs begin with. */
  constructor(origin: string, now: () => number) {
    this.#origin = origin
    this.#now = now
  }

  /** In the order in which they began, those that were answered. */
  get har(): { readonly log: { readonly version: string; readonly entries: readonly HarEntry[] } } {
    const entries = this.#entries.toSorted((left, right) => left.number - right.number)
    return { log: { version: '1.2', entries: entries.map(({ entry }) => entry) } }
  }

  begin(request: IncomingMessage): RecordedExchange | undefined {
    this.#begun += 1
    if (this.#begun > mostExchanges) return undefined
    const number = this.#begun
    const startedDateTime = new Date(this.#now()).toISOString()
    const body = collect(request)
    const head = {
      method: request.method ?? 'GET',
      url: `${this.#origin}${request.url ?? '/'}`,
      headers: fieldsOf(request.rawHeaders),
    }
    return {
      answered: (answer) => {
        const content = collect(answer)
        answer.once('end', () => {
          const mimeType = request.headers['content-type']
          const entry = {
            startedDateTime,
            request: mimeType === undefined ? head : { ...head, postData: { mimeType, text: body() } },
            response: {
              status: answer.statusCode ?? 0,
              headers: fieldsOf(answer.rawHeaders),
              content: { mimeType: answer.headers['content-type'] ?? '', text: content() },
            },
          }
          this.#entries.push({ number, entry })
        })
      },
    }
  }
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

function fieldsOf(raw: readonly string[]): readonly HarField[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => ({
    name: raw[2 * index] ?? '',
    value: raw[2 * index + 1] ?? '',
  }))
}
