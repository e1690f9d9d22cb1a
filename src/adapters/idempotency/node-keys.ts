// Idempotency keys on node:http requests: for every framework on node:http.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bodyText } from '../../idempotency/fingerprint.ts'
import { bodyUnread } from '../../idempotency/refusal.ts'
import type { AppResponse } from '../../idempotency/response.ts'
import type { ErrorAnswer } from '../error-answer.ts'
import { headerOf } from '../node-session.ts'
import { principalOf, settle } from './options.ts'
import type { BegunRequest } from './options.ts'
import { beginOrRefuse } from './refused.ts'
import { captureResponse } from './response-capture.ts'

/** The answer to give in the app's place, if any. */
export type Instead =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly answer: ErrorAnswer }
  | { readonly kind: 'replay'; readonly response: AppResponse & { readonly body: Uint8Array } }

/** What frameworks on node:http make of a request. */
interface ParsedRequest {
  /** Path and query as they came, also below a mounted router. */
  readonly originalUrl: string
  /** As a parser read it; undefined where none did. */
  readonly body?: unknown
}

/** Reserves the key of a request, if it has one; from here on `res` waits for its settlement. Never rejects. */
export async function beginNodeRequest<Request extends ParsedRequest>(
  begun: BegunRequest<Request>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Instead> {
  const { policy, request, options } = begun
  const verdict = await beginOrRefuse(policy, {
    method: req.method ?? 'GET',
    target: request.originalUrl,
    header: (name) => headerOf(req, name),
    principal: principalOf(options, request),
    body: () => options.body?.(request) ?? parsedBody(request.body, sendsBody(req)),
  })
  if (verdict.kind === 'refused' || verdict.kind === 'replay') return verdict
  if (verdict.kind === 'run') {
    const { run } = verdict
    captureResponse(res, {
      maxBytes: run.maxResponseBytes,
      settle: (response) => settle(begun, run, response),
      report: (error) => policy.report(error),
    })
  }
  return { kind: 'none' }
}

/** Fields as node:http sets them: those of one name together, because setting a name again would replace it. */
export function fieldsByName({ headers }: AppResponse): ReadonlyMap<string, string | string[]> {
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const former = fields.get(name)
    fields.set(name, former === undefined ? value : [former, value].flat())
  }
  return fields
}

/** A body that the framework's parser has read. `hasBody`: the client sent one. Throws IDEMPOTENCY_BODY_UNREAD. */
function parsedBody(body: unknown, hasBody: boolean): string | Uint8Array {
  if (body === undefined && hasBody) throw bodyUnread()
  return bodyText(body)
}

/** Whether the client sends a body (RFC 9112 section 6.3). */
function sendsBody(req: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers
  return coding !== undefined || (length !== undefined && length !== '0')
}
