// Reads what the balancer sent to an instance as narrowly as it should be written: one form for everything, so that no
// reader, however lenient, can take it for anything else. Throws at the first byte that strays from it.
import type { SeenRequest } from './recording-instance.ts'

const requestLine = /^([A-Z]+(?:-[A-Z]+)?) (\/[\x21-\x22\x24-\x7e]*|\*) HTTP\/1\.1$/
const fieldLine =
  /^([!#$%&'*+\-.^_`|~\dA-Za-z]+): ((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)$/
const lengthValue = /^\d{1,15}$/
const chunkSize = /^(?:0|[1-9a-f][\da-f]{0,7})$/

interface Reading<T> {
  readonly value: T
  readonly rest: string
}

/** The complete requests of one connection; what lies behind the last of them must be the begin of another. */
export function readForwarded(text: string): SeenRequest[] {
  return readComplete(text).value
}

/** The complete requests, without the begin of another. */
export function wholeRequests(text: string): string {
  return text.slice(0, text.length - readComplete(text).rest.length)
}

function readComplete(text: string): Reading<SeenRequest[]> {
  const requests: SeenRequest[] = []
  let rest = text
  for (let next = readRequest(rest); next !== undefined; next = readRequest(rest)) {
    requests.push(next.value)
    rest = next.rest
  }
  return { value: requests, rest }
}

/** Undefined when the request is not complete. */
function readRequest(text: string): Reading<SeenRequest> | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [start = '', ...lines] = text.slice(0, end).split('\r\n')
  const match = requestLine.exec(start)
  if (match === null) throw new Error(`the forwarded request line is ${JSON.stringify(start)}`)
  const rawHeaders = readFields(lines)
  const body = readBody(rawHeaders, text.slice(end + 4))
  if (body === undefined) return undefined
  const request = {
    method: match[1] ?? '',
    target: match[2] ?? '',
    host: only(rawHeaders, 'host') ?? '',
    rawHeaders,
    ...body.value,
  }
  return { value: request, rest: body.rest }
}

function readFields(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const match = fieldLine.exec(line)
    if (match === null) throw new Error(`the forwarded field line is ${JSON.stringify(line)}`)
    return [match[1] ?? '', match[2] ?? '']
  })
}

type Body = Pick<SeenRequest, 'body' | 'rawTrailers'>

function readBody(rawHeaders: readonly string[], text: string): Reading<Body> | undefined {
  if (only(rawHeaders, 'host') === undefined) throw new Error('a request without Host was forwarded')
  const coding = only(rawHeaders, 'transfer-encoding')
  const length = only(rawHeaders, 'content-length')
  if (coding !== undefined) {
    if (coding !== 'chunked' || length !== undefined)
      throw new Error(`forwarded with transfer-encoding ${coding} and length ${length ?? 'none'}`)
    return readChunks(text)
  }
  if (length === undefined) return { value: { body: '', rawTrailers: [] }, rest: text }
  if (!lengthValue.test(length)) throw new Error(`forwarded with length ${JSON.stringify(length)}`)
  const bytes = Number(length)
  if (text.length < bytes) return undefined
  return { value: { body: text.slice(0, bytes), rawTrailers: [] }, rest: text.slice(bytes) }
}

function readChunks(text: string): Reading<Body> | undefined {
  let body = ''
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n')
    if (end === -1) return undefined
    const size = rest.slice(0, end)
    if (!chunkSize.test(size)) throw new Error(`forwarded with chunk size line ${JSON.stringify(size)}`)
    const bytes = Number.parseInt(size, 16)
    if (bytes === 0) return readTrailers(body, rest.slice(end + 2))
    if (rest.length < end + 4 + bytes) return undefined
    const data = rest.slice(end + 2, end + 2 + bytes)
    if (rest.slice(end + 2 + bytes, end + 4 + bytes) !== '\r\n')
      throw new Error('a forwarded chunk has no end')
    body += data
    rest = rest.slice(end + 4 + bytes)
  }
}

function readTrailers(body: string, text: string): Reading<Body> | undefined {
  if (text.startsWith('\r\n')) return { value: { body, rawTrailers: [] }, rest: text.slice(2) }
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  return {
    value: { body, rawTrailers: readFields(text.slice(0, end).split('\r\n')) },
    rest: text.slice(end + 4),
  }
}

/** The value of a field that may come once. */
export function only(rawHeaders: readonly string[], name: string): string | undefined {
  const values = rawHeaders.filter((_value, index) => index % 2 === 1 && isName(rawHeaders[index - 1], name))
  if (values.length > 1) throw new Error(`${name} came ${values.length} times`)
  return values[0]
}

function isName(given: string | undefined, name: string): boolean {
  return given?.toLowerCase() === name
}
