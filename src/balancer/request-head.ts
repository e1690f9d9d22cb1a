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
  let head = `${request.method} ${request.target} HTTP/1.1\r\n`
  let host: string | undefined
  let chunked = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const lowerName = name.toLowerCase()
    if (lowerName === 'transfer-encoding') chunked = true
    if (lowerName === 'host') host ??= value
    if (dropped.has(lowerName) || named?.has(lowerName) === true) continue
    head += `${name}: ${value}\r\n`
  }
  if (chunked) head += 'Transfer-Encoding: chunked\r\n'
  head += request.upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : 'Connection: keep-alive\r\n'
  return `${head}${forwardedFields(request, host)}\r\n`
}

function forwardedFields(request: ClientRequest, host: string | undefined): string {
  const proto = request.encrypted ? 'https' : 'http'
  const address = request.remoteAddress
  const forNode = address.includes(':') ? `"[${address}]"` : address
  let fields = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}\r\n`
  if (host === undefined) return `${fields}Forwarded: for=${forNode};proto=${proto}\r\n`
  fields += `X-Forwarded-Host: ${host}\r\n`
  // A host with a quote or a backslash is not a host (RFC 3986); it is left out of the quoted string.
  const quotedHost = /["\\]/.test(host) ? '' : `;host="${host}"`
  return `${fields}Forwarded: for=${forNode};proto=${proto}${quotedHost}\r\n`
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
