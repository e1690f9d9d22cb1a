// The header section of HTTP/1.1, read strictly (RFC 9112 section 5): no folding, no blank before the colon, no bare CR
// or LF, no control characters.
import { MalformedMessage } from './malformed.ts'

// The value takes the blanks around it along and they are cut off apart: a pattern for them takes quadratic time on a
// value full of blanks. Everything but control characters, in latin1.
const fieldLines = /(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*/y

/**
 * Name, value, name, value … of `text` from `from` to its end; every line ends with CRLF. Throws MalformedMessage.
 * `maxFields` bounds their number; what is beyond is told by a longer list, not read.
 */
export function readHeaderSection(text: string, from: number, maxFields: number = Infinity): string[] {
  // Checked as a whole, then cut: cheaper than a match with its groups for each line.
  fieldLines.lastIndex = from
  fieldLines.test(text)
  if (from < text.length && fieldLines.lastIndex !== text.length)
    throw new MalformedMessage('a header line that is not name: value')
  const rawHeaders: string[] = []
  for (let start = from; start < text.length && rawHeaders.length <= 2 * maxFields;) {
    const colon = text.indexOf(':', start)
    const end = text.indexOf('\r', colon)
    rawHeaders.push(text.slice(start, colon), readValue(text, colon + 1, end))
    start = end + 2
  }
  return rawHeaders
}

/** Throws MalformedMessage when a line of an unfinished head ends in LF alone. */
export function checkLineEnds(bytes: Buffer, from: number): void {
  for (let at = bytes.indexOf(10, from); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) throw new MalformedMessage('a line that ends in LF alone')
  }
}

/** Without the spaces and tabs around it; String.trim would also cut a latin1 no-break space, which is part of a value. */
function readValue(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** Whether a response has no body whatever its head says (RFC 9112 section 6.3). */
export function hasNoBody(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

/** The first value of a field, by its name in lower case. */
export function fieldValue(rawHeaders: readonly string[], lowerName: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return rawHeaders[index + 1]
  }
  return undefined
}

const lengthPattern = /^\d{1,15}$/

/** The value of Content-Length: digits only, few enough to be counted exactly. Throws MalformedMessage. */
export function readLength(value: string): number {
  if (!lengthPattern.test(value)) throw new MalformedMessage(`content-length ${JSON.stringify(value)}`)
  return Number(value)
}
