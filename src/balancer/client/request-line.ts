// The first line of a request, and what its target names (RFC 9112 section 3).
import { METHODS } from 'node:http'
import { RequestFault } from './request-fault.ts'

const methods: ReadonlySet<string> = new Set(METHODS)
const requestLine = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/
const absoluteForm = /^https?:\/\/([^/?#]*)/i
// reg-name without a comma, which two servers could take for a list; IPv6 in brackets (RFC 3986 section 3.2.2).
const hostPattern = /^(?:\[[\da-fA-F:.]{2,45}\]|[A-Za-z\d._~!$&'()*+;=%-]+)(?::\d{0,5})?$|^$/

export interface RequestLine {
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  /** Of a target in absolute form; undefined in origin form. */
  readonly authority: string | undefined
}

/** Reads "GET /path HTTP/1.1". Throws RequestFault. */
export function readRequestLine(line: string): RequestLine {
  const match = requestLine.exec(line)
  if (match === null) throw new RequestFault(400, 'the request line is malformed')
  const method = match[1] ?? ''
  const target = match[2] ?? ''
  if (match[3] !== '1' || (match[4] !== '1' && match[4] !== '0'))
    throw new RequestFault(505, 'only HTTP/1.1 and HTTP/1.0 are spoken here')
  checkMethod(method)
  return {
    method,
    target,
    version: match[4] === '1' ? '1.1' : '1.0',
    authority: readAuthority(method, target),
  }
}

/** One of node:http's, and not CONNECT. Throws RequestFault. */
export function checkMethod(method: string): void {
  if (method === 'CONNECT') throw new RequestFault(405, 'this is no tunnel')
  if (!methods.has(method)) throw new RequestFault(501, 'the method is not known')
}

function readAuthority(method: string, target: string): string | undefined {
  // A fragment is never sent; servers differ in where the path ends then.
  if (target.includes('#')) throw new RequestFault(400, 'the target has a fragment')
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) return undefined
  const authority = absoluteForm.exec(target)?.[1]
  if (authority === undefined) throw new RequestFault(400, 'the target is neither a path nor a URL')
  if (authority === '' || !hostPattern.test(authority))
    throw new RequestFault(400, 'the target names no host')
  return authority
}

/**
 * Exactly one Host in HTTP/1.1, well-formed, and the same as an absolute target's (RFC 9112 section 3.2). The RFC lets
 * the target win; servers that read the other one would be told something else, so a difference is refused.
 */
export function checkHost(line: RequestLine, host: string | undefined): void {
  if (host === undefined) {
    if (line.version === '1.1') throw new RequestFault(400, 'no host')
    return
  }
  if (!hostPattern.test(host)) throw new RequestFault(400, 'the host is malformed')
  if (line.authority !== undefined && line.authority.toLowerCase() !== host.toLowerCase())
    throw new RequestFault(400, 'the target and the host differ')
}
