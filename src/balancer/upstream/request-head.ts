// The head that goes to an instance: the client's, without what belongs to one hop, with who the client is.
import { idempotencyKeyHeader } from '../../base/idempotency-key.ts'
import { telemetrySecretHeader } from '../../base/instance-telemetry.ts'
import { deadOwnerHeader, instanceHeader, notProcessedHeader, traceHeader } from '../../base/wire.ts'
import { requestIdHeader, traceparentHeader, tracestateHeader } from '../telemetry/identity.ts'
import { forwardedNames, isForwardedName, writeForwarded, type ForwardedNames } from './forwarded.ts'

export interface ClientRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string
  readonly encrypted: boolean
  /** The client asked for a WebSocket. */
  readonly upgrade: boolean
  /** The client is a proxy of ours: what it says about its own client is believed. */
  readonly trustForwarded: boolean
  /** The body goes in chunks. */
  readonly chunked: boolean
  /** Who the request is to logs and traces; written in place of what the client said. */
  readonly requestId: string
  readonly traceparent: string
  readonly keepsTracestate: boolean
  /** An idempotency key of the balancer's own, as the value of its field. */
  readonly mintedKey: string | undefined
  /** The word that an earlier attempt's instance is dead, as the value of its field. */
  readonly deadOwner: string | undefined
}

/** Fields that describe one connection (RFC 9110 section 7.6.1), or are ours to set. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  requestIdHeader,
  traceparentHeader,
  instanceHeader,
  notProcessedHeader,
  traceHeader,
  telemetrySecretHeader,
  deadOwnerHeader,
])

/** Of names that are not just passed on; names of other lengths need no look. */
const knownLengths: ReadonlySet<number> = new Set(
  [...dropped, ...forwardedNames, 'host', tracestateHeader].map(({ length }) => length),
)

/**
 * The request line and header section, ready for the socket in latin1. The body's framing stays the client's: its
 * Content-Length, or chunks. X-Forwarded-* and Forwarded are written anew.
 */
export function writeRequestHead(request: ClientRequest): string {
  const { rawHeaders } = request
  const named = namedByConnection(rawHeaders)
  const target = readTarget(request.target)
  let host = target.host
  let fields = ''
  const earlier: ForwardedNames = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    if (!knownLengths.has(name.length) && named === undefined) {
      fields += `${name}: ${value}\r\n`
      continue
    }
    const lowerName = name.toLowerCase()
    if (lowerName === 'host') host ??= value
    else if (isForwardedName(lowerName)) earlier[lowerName] = join(earlier[lowerName], value)
    else if (lowerName === tracestateHeader && !request.keepsTracestate) continue
    else if (!isDropped(lowerName) && named?.has(lowerName) !== true) fields += `${name}: ${value}\r\n`
  }
  fields += `${requestIdHeader}: ${request.requestId}\r\n${traceparentHeader}: ${request.traceparent}\r\n`
  if (request.mintedKey !== undefined) fields += `${idempotencyKeyHeader}: ${request.mintedKey}\r\n`
  if (request.deadOwner !== undefined) fields += `${deadOwnerHeader}: ${request.deadOwner}\r\n`
  if (request.chunked) fields += 'Transfer-Encoding: chunked\r\n'
  fields += request.upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : 'Connection: keep-alive\r\n'
  // An HTTP/1.0 client may name no host; HTTP/1.1 wants the field then too, empty (RFC 9112 section 3.2).
  const start = `${request.method} ${target.path} HTTP/1.1\r\nHost: ${host ?? ''}\r\n`
  return `${start}${fields}${writeForwarded(request, host, request.trustForwarded ? earlier : {})}\r\n`
}

/** A field that comes twice is one list (RFC 9110 section 5.3). */
function join(list: string | undefined, value: string): string {
  return list === undefined ? value : `${list}, ${value}`
}

/** Framing and routing, which mean nothing after a body and much to who merges trailers (RFC 9110 section 6.5.1). */
const notInTrailers: ReadonlySet<string> = new Set(['host', 'content-length', 'trailer'])

/** The trailer section of a chunked request, without its last empty line. */
export function writeTrailers(rawTrailers: readonly string[]): string {
  let fields = ''
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const name = rawTrailers[index] ?? ''
    const lowerName = name.toLowerCase()
    if (!isDropped(lowerName) && !notInTrailers.has(lowerName))
      fields += `${name}: ${rawTrailers[index + 1]}\r\n`
  }
  return fields
}

/** Servers behind CGI-like gateways read `_` in a name as `-`, so a forged name may be spelled with it. */
function isDropped(lowerName: string): boolean {
  const name = lowerName.includes('_') ? lowerName.replaceAll('_', '-') : lowerName
  return dropped.has(name) || isForwardedName(name)
}

/**
 * A target in absolute form names the host, whatever the Host field says; instances get the origin form
 * (RFC 9112 section 3.2.2).
 */
function readTarget(target: string): { readonly path: string; readonly host: string | undefined } {
  if (target.startsWith('/')) return { path: target, host: undefined }
  const match = /^https?:\/\/(?:[^/?#@]*@)?([^/?#@]*)(.*)$/i.exec(target)
  if (match === null) return { path: target, host: undefined }
  const path = match[2] ?? ''
  return { path: path.startsWith('/') ? path : `/${path}`, host: match[1] }
}

/** Fields that no honest sender names in Connection: naming them is a known way to strip a field between two servers. */
const protectedFields: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'cookie',
  'set-cookie',
  'authorization',
])
/** What Connection nearly always says; dropped anyway, so not worth a set. */
const options: ReadonlySet<string> = new Set(['', 'close', 'keep-alive', 'upgrade', 'te'])

/** The other fields that Connection names as belonging to this hop, in lower case. */
export function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const token of (rawHeaders[index + 1] ?? '').toLowerCase().split(',')) {
      const field = token.trim()
      if (!options.has(field) && !protectedFields.has(field)) (named ??= new Set()).add(field)
    }
  }
  return named
}
