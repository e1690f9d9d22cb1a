// The short answer that takes the place of an app's own: its session could not be saved, or the request must be refused.
import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import { DroverError } from '../base/errors.ts'

export interface ErrorAnswer {
  readonly status: number
  readonly statusMessage: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Status and headers as the error asks, its code in a JSON body, and nothing of its message: that may name files, hosts
 * or fields, which are for the operator. Never stored by a cache.
 */
export function errorAnswer(error: unknown): ErrorAnswer {
  const status = error instanceof DroverError ? error.status : 500
  const code = error instanceof DroverError ? error.code : 'INTERNAL'
  const statusMessage = STATUS_CODES[status] ?? 'Error'
  const body = `${JSON.stringify({ error: { code, message: statusMessage } })}\n`
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...(error instanceof DroverError ? error.headers : {}),
  }
  return { status, statusMessage, headers, body }
}

/** Gives it as the whole answer of a response that has not begun. What came before the sessions may have set headers. */
export function sendErrorAnswer(res: ServerResponse, { status, headers, body }: ErrorAnswer): void {
  res.statusCode = status
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.end(body)
}
