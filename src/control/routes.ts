// What each control request asks for, decided without a socket.
import { isDroverError, type ErrorCode } from '../base/errors.ts'

export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'kill'; readonly id: string }
  | { readonly ask: 'stop' }
  | { readonly ask: 'unknown'; readonly status: 404 | 405 }

/** An error on the wire. */
export interface ControlFailure {
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

const killPath = /^\/instances\/([^/]+)\/kill$/

export function parseRequest(method: string, url: string): ControlRequest {
  const path = url.split('?', 1)[0] ?? ''
  if (path === '/status') return method === 'GET' ? { ask: 'status' } : { ask: 'unknown', status: 405 }
  if (path === '/stop') return method === 'POST' ? { ask: 'stop' } : { ask: 'unknown', status: 405 }
  const id = decodedId(killPath.exec(path)?.[1])
  if (id === undefined) return { ask: 'unknown', status: 404 }
  return method === 'POST' ? { ask: 'kill', id } : { ask: 'unknown', status: 405 }
}

function decodedId(encoded: string | undefined): string | undefined {
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    // A broken escape names no instance.
    return undefined
  }
}

const statuses: Partial<Record<ErrorCode, number>> = { INSTANCE_UNKNOWN: 404, INSTANCE_NOT_RUNNING: 409 }

/** The HTTP status and body that carry `error` to the other side. */
export function failureAnswer(error: unknown): { readonly status: number; readonly body: ControlFailure } {
  const code = isDroverError(error) ? error.code : 'CONTROL_FAILED'
  const message = error instanceof Error ? error.message : String(error)
  return { status: statuses[code] ?? 500, body: { error: { code, message } } }
}
