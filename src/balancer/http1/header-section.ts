// The header section of HTTP/1.1, read strictly (RFC 9112 section 5): no folding, no blank before the colon, no bare CR
// or LF, no control characters.
import { MalformedMessage } from './malformed.ts'

// The value takes the blanks around it along and they are cut off apart: a pattern for them takes quadratic time on a
// value full of blanks. Everything but control characters, in latin1.
const fieldLine = /([!#$%&'*+\-.^_`|~\dA-Za-z]+):([\t\x20-\x7e\x80-\xff]*)\r\n/y

/**
 * Name, value, name, value … of `text` from `from` to its end; every line ends with CRLF. Throws MalformedMessage.
 * `maxFields` bounds their number; what is beyond is told by a longer list, not read.
 */
export function readHeaderSection(text: string, from: number, maxFields: number = Infinity): string[] {
  const rawHeaders: string[] = []
  fieldLine.lastIndex = from
  while (fieldLine.lastIndex < text.length && rawHeaders.length <= 2 * maxFields) {
    const match = fieldLine.exec(text)
    if (match === null) throw new MalformedMessage('a header line that is not name: value')
    rawHeaders.push(match[1] ?? '', withoutOuterBlanks(match[2] ?? ''))
  }
  return rawHeaders
}

/** Throws MalformedMessage when a line of an unfinished head ends in LF alone. */
export function checkLineEnds(bytes: Buffer, from: number): void {
  for (let at = bytes.indexOf(10, from); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) throw new MalformedMessage('a line that ends in LF alone')
  }
}

/** Cuts spaces and tabs; String.trim would also cut a latin1 no-break space, which is part of a value. */
function withoutOuterBlanks(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isBlank(value.charCodeAt(from))) from++
  while (to > from && isBlank(value.charCodeAt(to - 1))) to--
  return from === 0 && to === value.length ? value : value.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

const lengthPattern = /^\d{1,15}$/

/** The value of Content-Length: digits only, few enough to be counted exactly. Throws MalformedMessage. */
export function readLength(value: string): number {
  if (!lengthPattern.test(value)) throw new MalformedMessage(`content-length ${JSON.stringify(value)}`)
  return Number(value)
}
