// A request's head as HTTP/2 brings it, read as strictly as one of HTTP/1.1 and written as one (RFC 9113 section 8.3.1). Pure.
// nghttp2 has refused before: a broken order or set of pseudo fields, upper case, fields of one connection, a length that
// is none; and has dropped fields whose name or value no message may have.
import type { ClientRequestHead } from './client-stream.ts'
import { RequestFault } from './request-fault.ts'
import { expectsContinue } from './request-fields.ts'
import { checkHost, checkMethod } from './request-line.ts'
import type { RequestLimits } from './request-reader.ts'

/** Origin form in printable ASCII. A fragment is never sent; servers differ in where the path ends then. */
const pathPattern = /^\/[\x21\x22\x24-\x7e]*$/

/** What the fields have said so far. */
interface Words {
  method: string
  path: string
  scheme: string
  authority: string | undefined
  host: string | undefined
  length: string | undefined
  expect: string | undefined
  /** Where the first crumb of the cookie stands in `fields`, or -1. */
  cookieAt: number
  bytes: number
  readonly fields: string[]
}

/** `rawHeaders`: name, value, …; `hasEnded`: nothing follows the head. Throws RequestFault. */
export function readHttp2Request(
  rawHeaders: readonly string[],
  hasEnded: boolean,
  limits: RequestLimits,
): ClientRequestHead {
  const words = readWords(rawHeaders)
  const { method, path, fields } = words
  checkMethod(method)
  if (path.length > limits.targetBytes) throw new RequestFault(414, 'the target is too long')
  if (words.bytes > limits.headBytes) throw new RequestFault(431, 'the header section is too large')
  if (fields.length > 2 * limits.headFields) throw new RequestFault(431, 'too many header fields')
  if (!pathPattern.test(path) && !(path === '*' && method === 'OPTIONS'))
    throw new RequestFault(400, 'the target is not a path')
  if (words.scheme !== 'https' && words.scheme !== 'http')
    throw new RequestFault(400, 'the scheme is neither https nor http')
  checkHost(
    { method, target: path, version: '1.1', authority: words.authority },
    words.host ?? words.authority,
  )
  const body = bodyOf(words, hasEnded)
  return {
    method,
    target: path,
    rawHeaders: words.host === undefined ? ['host', words.authority ?? '', ...fields] : fields,
    version: '2',
    body,
    expectsContinue: expectsContinue(words.expect, body),
    upgrade: false,
  }
}

function readWords(rawHeaders: readonly string[]): Words {
  const words: Words = {
    method: '',
    path: '',
    scheme: '',
    authority: undefined,
    host: undefined,
    length: undefined,
    expect: undefined,
    cookieAt: -1,
    bytes: 0,
    fields: [],
  }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    // As much as ": " and a line's end take in HTTP/1.1.
    words.bytes += name.length + value.length + 4
    if (name.startsWith(':')) readPseudoField(words, name, value)
    else readField(words, name, value)
  }
  return words
}

function readPseudoField(words: Words, name: string, value: string): void {
  if (name === ':method') words.method = value
  else if (name === ':path') words.path = value
  else if (name === ':scheme') words.scheme = value.toLowerCase()
  else if (name === ':authority') words.authority = value
  else throw new RequestFault(400, 'a pseudo field is not known')
}

function readField(words: Words, name: string, value: string): void {
  switch (name) {
    case 'host':
      if (words.host !== undefined) throw new RequestFault(400, 'more than one host')
      words.host = value
      break
    case 'content-length':
      words.length = value
      break
    case 'expect':
      words.expect = words.expect === undefined ? value.toLowerCase() : 'twice'
      break
    case 'cookie':
      if (words.cookieAt === -1) words.cookieAt = words.fields.length + 1
      else {
        words.fields[words.cookieAt] += `; ${value}`
        return
      }
      break
    // Gateways to CGI, WSGI and the like read `_` in a name as `-`, and would see a second length.
    case 'content_length':
    case 'transfer_encoding':
      throw new RequestFault(400, 'a length under another name')
    default:
  }
  words.fields.push(name, value)
}

/** That a body is as long as was said, nghttp2 sees to (RFC 9113 section 8.1.1). */
function bodyOf(words: Words, hasEnded: boolean): ClientRequestHead['body'] {
  if (words.length !== undefined && !/^\d{1,15}$/.test(words.length))
    throw new RequestFault(400, 'the length is malformed')
  if (hasEnded || Number(words.length) === 0) return 'none'
  return words.length === undefined ? 'chunked' : 'length'
}
