// What each control request asks for, decided without a socket.
import { isDroverError, type ErrorCode } from '../base/errors.ts'

export type ControlRequest =
  | { readonly ask: 'status' | 'metrics' | 'stop' | 'deploy' | 'rollback' | 'abort' | 'history' | 'scale' }
  | { readonly ask: 'reload'; readonly balancers: boolean }
  | { readonly ask: 'kill' | 'drain'; readonly id: string }
  | { readonly ask: 'logs'; readonly query: URLSearchParams }
  | { readonly ask: 'unknown'; readonly status: 404 | 405 }

/** An error on the wire. */
export interface ControlFailure {
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

const instancePath = /^\/instances\/([^/]+)\/(kill|drain)$/

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

const plainRoutes: Readonly<Record<string, Route>> = {
  '/status': { method: 'GET', asked: { ask: 'status' } },
  '/metrics': { method: 'GET', asked: { ask: 'metrics' } },
  '/history': { method: 'GET', asked: { ask: 'history' } },
  '/deploy': { method: 'POST', asked: { ask: 'deploy' } },
  '/deploy/abort': { method: 'POST', asked: { ask: 'abort' } },
  '/rollback': { method: 'POST', asked: { ask: 'rollback' } },
  '/scale': { method: 'POST', asked: { ask: 'scale' } },
  '/stop': { method: 'POST', asked: { ask: 'stop' } },
}

function routeOf(path: string, query: URLSearchParams): Route | undefined {
  if (path === '/reload')
    return { method: 'POST', asked: { ask: 'reload', balancers: query.has('balancers') } }
  if (path === '/logs') return { method: 'GET', asked: { ask: 'logs', query } }
  return (Object.hasOwn(plainRoutes, path) ? plainRoutes[path] : undefined) ?? instanceRoute(path)
}

function instanceRoute(path: string): Route | undefined {
  const [, encoded, verb] = instancePath.exec(path) ?? []
  const id = decodedId(encoded)
  if (id === undefined) return undefined
  return { method: 'POST', asked: { ask: verb === 'drain' ? 'drain' : 'kill', id } }
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
  DEPLOY_RUNNING: 409,
  VERSION_UNKNOWN: 404,
}

/** The HTTP status and body that carry `error` to the other side. */
export function failureAnswer(error: unknown): { readonly status: number; readonly body: ControlFailure } {
  const code = isDroverError(error) ? error.code : 'CONTROL_FAILED'
  const message = error instanceof Error ? error.message : String(error)
  return { status: statuses[code] ?? 500, body: { error: { code, message } } }
}
