// Idempotency keys on node:http requests: for every framework on node:http.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KeyedRequest } from '../../idempotency/idempotency.ts'
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

/** Response header of an answer that is given again. */
export const replayedHeader = 'idempotency-replayed'

/** Reserves the key of a request, if it has one; from here on `res` waits for its settlement. Never rejects. */
export async function beginNodeRequest<Request>(
  begun: BegunRequest<Request>,
  req: IncomingMessage,
  res: ServerResponse,
  of: { readonly target: string; readonly body: KeyedRequest['body'] },
): Promise<Instead> {
  const { policy, request, options } = begun
  const verdict = await beginOrRefuse(policy, {
    method: req.method ?? 'GET',
    target: of.target,
    header: (name) => headerOf(req, name),
    principal: principalOf(options, request),
    body: of.body,
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

/** Whether the client sends a body (RFC 9112 section 6.3). */
export function sendsBody(req: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers
  return coding !== undefined || (length !== undefined && length !== '0')
}
