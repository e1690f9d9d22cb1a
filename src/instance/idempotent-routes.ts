// The routes on which an app says that it enforces idempotency keys, as it may write them and as they are announced.
import type { AnnouncedRoute } from '../base/instance-telemetry.ts'

export interface IdempotentRoute {
  /** A path, or with `*` at its end a prefix: `/orders`, `/api/*`. */
  readonly path: string
  /** Default POST and PATCH. */
  readonly methods?: readonly string[]
  /** The balancer gives a key to requests that come without one. Default false. */
  readonly mint?: boolean
}

type Invalid = (name: string, value: unknown, wanted: string) => Error

const names: ReadonlySet<string> = new Set<keyof IdempotentRoute>(['path', 'methods', 'mint'])
const defaultMethods: readonly string[] = ['POST', 'PATCH']
const wantedRoute = 'a path such as "/orders" or "/api/*", or { path, methods, mint }'
/** Printable ASCII without `?` and `#`; `*` only at the end. */
const routePath = /^\/[\x21-\x22\x24-\x29\x2b-\x3e\x40-\x7e]*\*?$/
/** What the watch of a fleet reads at most (R7). */
const mostRoutes = 200
const mostPathLength = 500

/** Throws what `invalid` makes of a route that cannot be used. */
export function readIdempotentRoutes(value: unknown, invalid: Invalid): readonly AnnouncedRoute[] {
  if (!Array.isArray(value) || value.length > mostRoutes)
    throw invalid('idempotentRoutes', value, `a list of at most ${mostRoutes} routes, each ${wantedRoute}`)
  return Object.freeze(value.map((one, index) => readRoute(one, `idempotentRoutes[${index}]`, invalid)))
}

function readRoute(given: unknown, name: string, invalid: Invalid): AnnouncedRoute {
  const value: unknown = typeof given === 'string' ? { path: given } : given
  if (!isRecord(value) || Object.keys(value).some((key) => !names.has(key)))
    throw invalid(name, given, wantedRoute)
  const { path, methods = defaultMethods, mint = false } = value
  if (typeof path !== 'string' || path.length > mostPathLength || !routePath.test(path))
    throw invalid(`${name}.path`, path, 'a path such as "/orders" or "/api/*"')
  if (!isMethodList(methods)) throw invalid(`${name}.methods`, methods, 'a list of methods such as ["POST"]')
  if (typeof mint !== 'boolean') throw invalid(`${name}.mint`, mint, 'true or false')
  return Object.freeze({ path, methods: Object.freeze([...new Set(methods)]), mint })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isMethodList(value: unknown): value is readonly string[] {
  const isMethod = (name: unknown) => typeof name === 'string' && /^[A-Z]{1,20}$/.test(name)
  return Array.isArray(value) && value.length > 0 && value.every(isMethod)
}
