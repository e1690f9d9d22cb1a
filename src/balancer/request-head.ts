// The head that goes to an instance: the client's, without what belongs to one hop, with who the client is.
import { instanceHeader } from '../base/wire.ts'

export interface ClientRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string
  readonly encrypted: boolean
  /** The client asked for a WebSocket. */
  readonly upgrade: boolean
}

/** Fields that describe one connection (RFC 9110 section 7.6.1), ours to set, or forwarding words only we may say. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  instanceHeader,
])

/**
 * The request line and header section, ready for the socket in latin1. The body's framing stays the client's: its
 * Content-Length, or chunks. X-Forwarded-* and Forwarded (RFC 7239) are overwritten: a client's own word about
 * who it is proves nothing.
 */
export function writeRequestHead(request: ClientRequest): string {
  const { rawHeaders } = request
  const named = namedByConnection(rawHeaders)
  const target = readTarget(request.target)
  let host = target.host
  let fields = ''
  let chunked = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const lowerName = name.toLowerCase()
    if (lowerName === 'transfer-encoding') chunked = true
    if (lowerName === 'host') host ??= value
    else if (!isDropped(lowerName) && named?.has(lowerName) !== true) fields += `${name}: ${value}\r\n`
  }
  if (chunked) fields += 'Transfer-Encoding: chunked\r\n'
  fields += request.upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : 'Connection: keep-alive\r\n'
  // An HTTP/1.0 client may name no host; HTTP/1.1 wants the field then too, empty (RFC 9112 section 3.2).
  const start = `${request.method} ${target.path} HTTP/1.1\r\nHost: ${host ?? ''}\r\n`
  return `${start}${fields}${forwardedFields(request, host)}\r\n`
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
  return dropped.has(lowerName.includes('_') ? lowerName.replaceAll('_', '-') : lowerName)
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

function forwardedFields(request: ClientRequest, host: string | undefined): string {
  const proto = request.encrypted ? 'https' : 'http'
  const address = plainAddress(request.remoteAddress)
  const forNode = address.includes(':') ? `"[${address}]"` : address
  const fields = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}\r\n`
  const forwarded = `Forwarded: for=${forNode};proto=${proto}`
  if (host === undefined || host === '') return `${fields}${forwarded}\r\n`
  // A host with a quote or a backslash is not a host (RFC 3986); it is left out of the quoted string.
  const quotedHost = /["\\]/.test(host) ? '' : `;host="${host}"`
  return `${fields}X-Forwarded-Host: ${host}\r\n${forwarded}${quotedHost}\r\n`
}

/** An IPv4 client of a socket that listens on IPv6 too is still an IPv4 client. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
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
