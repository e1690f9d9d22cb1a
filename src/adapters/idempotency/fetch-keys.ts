// Idempotency keys on fetch-style requests: for every framework whose handlers return a Response.
import type { AppResponse } from '../../idempotency/response.ts'
import type { Run } from '../../idempotency/run.ts'
import { errorAnswer } from '../error-answer.ts'
import { discardBody, errorResponse } from '../fetch-session.ts'
import { principalOf, settle } from './options.ts'
import type { BegunRequest } from './options.ts'
import { beginOrRefuse, replayedHeader } from './refused.ts'

export interface FetchRun {
  /** Settles the key by the app's response, and gives the one that leaves. Never rejects. */
  readonly finish: (response: Response) => Promise<Response>
  /** The app gave none. Never rejects. */
  readonly abandon: () => Promise<void>
}

/** Undefined: nothing changes. A Response: it leaves in the app's place. */
export async function beginFetchRequest<Request>(
  begun: BegunRequest<Request>,
  raw: globalThis.Request,
  body: () => string | Uint8Array | Promise<string | Uint8Array>,
): Promise<FetchRun | Response | undefined> {
  const { policy, request, options } = begun
  const { pathname, search } = new URL(raw.url)
  const verdict = await beginOrRefuse(policy, {
    method: raw.method,
    target: pathname + search,
    header: (name) => raw.headers.get(name) ?? undefined,
    principal: principalOf(options, request),
    body,
  })
  if (verdict.kind === 'pass') return undefined
  if (verdict.kind === 'refused') return errorResponse(verdict.answer)
  if (verdict.kind === 'replay') return replayed(verdict.response)
  const { run } = verdict
  return { finish: (response) => finish(begun, run, response), abandon: () => run.abandon() }
}

/** The body's bytes, of a copy: the app reads the request itself. */
export async function bytesOf(request: Request): Promise<Uint8Array> {
  return request.body === null ? new Uint8Array() : new Uint8Array(await request.clone().arrayBuffer())
}

function replayed({ status, headers, body }: AppResponse & { readonly body: Uint8Array }): Response {
  const fields = new Headers(headers.map(([name, value]): [string, string] => [name, value]))
  fields.set(replayedHeader, 'true')
  // An empty body would be refused with a status that has none (204, 304).
  return new Response(body.byteLength === 0 ? null : new Uint8Array(body), { status, headers: fields })
}

async function finish<Request>(
  begun: BegunRequest<Request>,
  run: Run,
  response: Response,
): Promise<Response> {
  const head = { status: response.status, headers: [...response.headers] }
  let held: Held | undefined
  try {
    held = isEventStream(response) ? undefined : await hold(response.body, run.maxResponseBytes)
    await settle(begun, run, { ...head, body: held?.isWhole === true ? held.bytes : undefined })
  } catch (error) {
    // A body that breaks while it is read is no answer: the key is free again.
    await run.abandon()
    begun.policy.report(error)
    void discardBody(response)
    return errorResponse(errorAnswer(error))
  }
  return held === undefined ? response : rebuilt(response, held)
}

function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

interface Held {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Otherwise the response's body has more, not read yet. */
  readonly isWhole: boolean
}

/** Reads until the end, or until more than `maxBytes` are there. */
async function hold(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Held> {
  if (body === null) return { bytes: new Uint8Array(), isWhole: true }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  let isWhole = false
  while (!isWhole && size <= maxBytes) {
    const { done, value } = await reader.read()
    isWhole = done
    if (value === undefined) continue
    chunks.push(value)
    size += value.byteLength
  }
  reader.releaseLock()
  return { bytes: new Uint8Array(Buffer.concat(chunks)), isWhole }
}

function rebuilt(response: Response, { bytes, isWhole }: Held): Response {
  const { body, status, statusText, headers } = response
  if (body === null) return response
  return new Response(isWhole ? bytes : joined(bytes, body), { status, statusText, headers })
}

function joined(
  bytes: Uint8Array<ArrayBuffer>,
  rest: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = rest.getReader()
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(bytes)
    },
    pull: async (controller) => {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
