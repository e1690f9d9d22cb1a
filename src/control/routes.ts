// What each control request asks for, decided without a socket.
import { isDroverError, type ErrorCode } from '../base/errors.ts'

export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'metrics' }
  | { readonly ask: 'reload'; readonly balancers: boolean }
  | { readonly ask: 'kill'; readonly id: string }
  | { readonly ask: 'stop' }
  | { readonly ask: 'unknown'; readonly status: 404 | 405 }

/** An error on the wire. */
export interface ControlFailure {
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

const killPath = /^\/instances\/([^/]+)\/kill$/

export function parseRequest(method: string, url: string): ControlRequest {
  const [path = '', query = ''] = url.split('?', 2)
  const found = routeOf(path, new URLSearchParams(query))
  if (found === undefined) return { ask: 'unknown', status: 404 }
  return method === found.method ? found.asked : { ask: 'unknown', status: 405 }
}

interface Route {
  readonly method: 'GET' | 'POST'
  readonly asked: ControlRequest
}

function routeOf(path: string, query: URLSearchParams): Route | undefined {
  switch (path) {
    case '/status':
      return { method: 'GET', asked: { ask: 'status' } }
    case '/metrics':
      return { method: 'GET', asked: { ask: 'metrics' } }
    case '/reload':
      return { method: 'POST', asked: { ask: 'reload', balancers: query.has('balancers') } }
    case '/stop':
      return { method: 'POST', asked: { ask: 'stop' } }
    default: {
      const id = decodedId(killPath.exec(path)?.[1])
      return id === undefined ? undefined : { method: 'POST', asked: { ask: 'kill', id } }
    }
  }
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

const statuses: Partial<Record<ErrorCode, number>> = {
  OPTION_INVALID: 400,
  INSTANCE_UNKNOWN: 404,
  INSTANCE_NOT_RUNNING: 409,
}

/** The HTTP status and body that carry `error` to the other side. */
export function failureAnswer(error: unknown): { readonly status: number; readonly body: ControlFailure } {
  const code = isDroverError(error) ? error.code : 'CONTROL_FAILED'
  const message = error instanceof Error ? error.message : String(error)
  return { status: statuses[code] ?? 500, body: { error: { code, message } } }
}
