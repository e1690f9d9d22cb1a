// Paths as routes: `/orders/17` and `/orders/${id}` are both `/orders/:id`.
import { looksMade, looksMadeName } from '../flow/capturing.ts'

export interface Route {
  readonly method: string
  /** As the framework has it. */
  readonly path: string
}

export function foldPath(path: string): string {
  const [plain = ''] = path.split(/[?#]/)
  const segments = plain.split('/').map((segment) => (isFilled(segment) ? ':id' : segment))
  return segments.join('/').replace(/(?<=.)\/$/, '') || '/'
}

function isFilled(segment: string): boolean {
  return /^\d+$/.test(segment) || segment.includes('${') || looksMade(segment) || looksMadeName(segment)
}

/** `GET /todos/:id`, or a path alone, which is read. */
export function parseRoute(written: string): Route {
  const [, method = 'GET', path = written] = /^([A-Za-z*]+)\s+(\S+)$/.exec(written.trim()) ?? []
  return { method: method.toUpperCase(), path: path.trim() }
}

const parameter = /^(?::|\{|\[|<)|[*]|\$$/

export function isParameter(segment: string): boolean {
  return parameter.test(segment)
}

/** Whether a path that was asked for is this pattern's: `:id`, `:id?`, `{id}`, `[id]`, `*`, `*rest`. */
export function matchesPattern(pattern: string, path: string): boolean {
  return matchSegments(segmentsOf(pattern), segmentsOf(path.split(/[?#]/)[0] ?? ''))
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function matchSegments(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern
  if (head === undefined) return path.length === 0
  if (/^(?:\{?\/?\*|\[\.\.\.|\(\.\*\))/.test(head))
    return rest.length === 0 || path.some((_, at) => matchSegments(rest, path.slice(at)))
  const [first, ...others] = path
  const isOptional = head.endsWith('?') || /^\{.*\}\?$/.test(head)
  if (isOptional && matchSegments(rest, path)) return true
  if (first === undefined) return false
  return segmentMatches(head, first) && matchSegments(rest, others)
}

function segmentMatches(pattern: string, segment: string): boolean {
  if (!/[:{[<]/.test(pattern)) return decoded(pattern) === decoded(segment)
  const source = pattern
    .replaceAll(/:\w+(?:\([^)]*\))?\??|\{[^}]*\}\??|\[[^\]]*\]|<[^>]*>/g, '\u0000')
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    .replaceAll('\u0000', '.+')
  return new RegExp(`^${source}$`, 'u').test(segment)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Patterns without parameters come first: `/users/me` before `/users/:id`. */
export function bestPattern(routes: readonly Route[], method: string, path: string): Route | undefined {
  const fitting = routes.filter(
    (route) => methodFits(route.method, method) && matchesPattern(route.path, path),
  )
  return fitting.toSorted((left, right) => freedom(left.path) - freedom(right.path))[0]
}

function methodFits(known: string, asked: string): boolean {
  return known === asked || known === 'ALL' || known === '*' || (known === 'GET' && asked === 'HEAD')
}

function freedom(path: string): number {
  return segmentsOf(path).reduce(
    (sum, segment) => sum + (segment.includes('*') ? 10 : isParameter(segment) ? 1 : 0),
    0,
  )
}
