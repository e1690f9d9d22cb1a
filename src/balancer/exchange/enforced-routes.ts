// The routes whose instances enforce idempotency keys, and the key of a request: together they license the repeat of a
// POST (rule R1). When in doubt there is no licence: a repeat that should not have been takes effect twice.
import { idempotencyKeyHeader, readKey } from '../../base/idempotency-key.ts'
import { namedByConnection } from '../upstream/request-head.ts'
import type { EnforcedRoute } from '../messages.ts'

/** `sent`: the client's key licenses repeats. `minted`: one that the balancer adds would. `none`: nothing does. */
export type KeyLicence = 'none' | 'sent' | 'minted'

export interface EnforcedRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
}

interface CompiledRoute {
  readonly methods: ReadonlySet<string>
  readonly path: string
  readonly isPrefix: boolean
  readonly mint: boolean
}

const defaultMethods = ['POST', 'PATCH']

export class EnforcedRoutes {
  readonly #routes: readonly CompiledRoute[]

  constructor(routes: readonly EnforcedRoute[]) {
    this.#routes = routes.map(compile)
  }

  /** How keys license the repeat of this request. */
  license(request: EnforcedRequest): KeyLicence {
    if (this.#routes.length === 0) return 'none'
    const route = this.match(request.method, request.target)
    if (route === undefined) return 'none'
    const key = judgeKey(request.rawHeaders)
    if (key === 'usable') return 'sent'
    return key === 'absent' && route.mint ? 'minted' : 'none'
  }

  /**
   * The first route that has this method and path. Paths are compared as they came, without the query and without
   * decoding: another spelling of a path may be another route to the app. A target in absolute form matches none.
   */
  match(method: string, target: string): { readonly mint: boolean } | undefined {
    const queryStart = target.indexOf('?')
    const path = queryStart < 0 ? target : target.slice(0, queryStart)
    return this.#routes.find((route) => route.methods.has(method) && matchesPath(route, path))
  }
}

/**
 * A key of the balancer's own, as the value of its field: a UUID (RFC 9562 section 5.4) as a string of RFC 9651 section 3.3.3.
 * Takes 16 random bytes.
 */
export function mintKey(random: Buffer): string {
  if (random.length < 16) throw new RangeError(`Cannot mint a key from ${random.length} bytes: it takes 16`)
  const hex = random.toString('hex', 0, 16)
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `"${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}"`
}

function compile({ methods, path, mint }: EnforcedRoute): CompiledRoute {
  const isPrefix = path.endsWith('*')
  return {
    methods: new Set((methods ?? defaultMethods).map((method) => method.toUpperCase())),
    path: isPrefix ? path.slice(0, -1) : path,
    isPrefix,
    mint: mint ?? false,
  }
}

function matchesPath({ path, isPrefix }: CompiledRoute, requested: string): boolean {
  if (!isPrefix) return requested === path && requested.startsWith('/')
  return requested.startsWith(path) && isPlainPath(requested)
}

/** What nobody reads in two ways: no escapes, parameters, backslashes or fragments. */
const plainPath = /^\/[\w\-.~!$&'()*+,=:@/]*$/
/** `//`, `/.` and `/..`, which some resolve. */
const ambiguousSegment = /\/(?:\/|\.{1,2}(?:\/|$))/

function isPlainPath(path: string): boolean {
  return plainPath.test(path) && !ambiguousSegment.test(path)
}

/** Whether every reader of these fields finds the same, single key in them. */
function judgeKey(rawHeaders: readonly string[]): 'absent' | 'usable' | 'unusable' {
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isKeyName(rawHeaders[index] ?? '')) continue
    // Two keys, or one that a gateway would take for a second.
    if (value !== undefined || rawHeaders[index]?.includes('_') === true) return 'unusable'
    value = rawHeaders[index + 1] ?? ''
  }
  // Named there, it ends at this hop: the instance would not see it.
  if (namedByConnection(rawHeaders)?.has(idempotencyKeyHeader) === true) return 'unusable'
  if (value === undefined) return 'absent'
  return readKey(value) === undefined ? 'unusable' : 'usable'
}

/** Gateways like CGI read `_` in a name as `-`. */
function isKeyName(name: string): boolean {
  return name.length === idempotencyKeyHeader.length && /^idempotency[-_]key$/i.test(name)
}
