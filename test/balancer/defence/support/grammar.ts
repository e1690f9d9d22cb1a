// Requests that are nearly well-formed: a grammar of plain pieces, each with its odd variants, and stray bytes on top.
// Odd pieces are rare, and every piece shrinks to its plain one.
import fc from 'fast-check'

export const hello = 'hello'

/** Mostly the plain piece. */
export function piece(plain: readonly string[], odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 14, arbitrary: fc.constantFrom(...plain) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  )
}

export const blank: fc.Arbitrary<string> = piece([' '], ['  ', '\t', ' \t', '\x0b', '\x0c', '', '\xa0'])
export const lineEnd: fc.Arbitrary<string> = piece(
  ['\r\n'],
  ['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\0\r\n', '\r\n\r\n', '\r\n '],
)
const colon = piece([': ', ':'], [' : ', '\t:', ':\t', ':\x0b', ':\0', '::', '', ' ', ': \t'])

const method = piece(
  ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
  [
    'HEAD',
    'PATCH',
    'TRACE',
    'M-SEARCH',
    'get',
    'GETX',
    'G',
    'GET:',
    'G\0ET',
    'CONNECT',
    'PRI',
    'PROPFIND',
    'SOURCE',
    'QUERY',
  ],
)
const target = piece(
  ['/', '/a', '/a/b?c=d', '/a%20b', '//a/../b', '/?'],
  [
    '*',
    'http://a/b',
    'http://a',
    'http://b/c',
    'http://a?b',
    'HTTP://A/',
    'http://u@a/',
    'http:///a',
    'https://a/',
    'ftp://a/',
    'a',
    'a:80',
    '?',
    '/a#b',
    '/a b',
    '/\x7f',
    '/caf\xe9',
    '/a\tb',
    '/\0',
    '/"<>\\^`{|}',
    '',
    '\\',
    '/%',
    '/a\\..\\b',
    'http://a:80/b',
    'http://[::1]/',
    'http:/a',
    '/a HTTP/1.1',
  ],
)
const version = piece(
  ['HTTP/1.1'],
  [
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1.10',
    'HTTP/11',
    'HTTP/1',
    'HTTP /1.1',
    'RTSP/1.0',
    'ICE/1.0',
    '',
  ],
)

const host = piece(
  ['a', 'a.example:8080'],
  [
    '',
    'b',
    'a b',
    'u@a',
    'a/b',
    'a:b',
    '[::1]',
    '[::1',
    'http://a',
    'a, b',
    'a\tb',
    '\xe9',
    'A',
    'a:',
    'a:99999',
  ],
)
const hostName = piece(['Host', 'host'], ['Hos', 'X-Host', 'Host ', 'HOST', 'Ho\0st'])

const coding = piece(
  ['chunked'],
  [
    'Chunked',
    'xchunked',
    'identity',
    'chunked, identity',
    'identity, chunked',
    'chunked,chunked',
    'gzip',
    '"chunked"',
    'chunked;',
    '\x0bchunked',
    'chunked\0',
    '',
    'chunked ',
    '\tchunked\t',
    ',chunked',
    'chunked,',
    'chunked\xa0',
    'ch\x00unked',
    'gzip, chunked',
  ],
)
const codingName = piece(
  ['Transfer-Encoding', 'transfer-encoding'],
  [
    'Transfer_Encoding',
    'Transfer-Encoding ',
    'Transfer Encoding',
    ' Transfer-Encoding',
    'X-Transfer-Encoding',
    'Transfer-Encodin',
  ],
)
const lengthName = piece(
  ['Content-Length', 'content-length'],
  [
    'Content_Length',
    'Content-Length ',
    ' Content-Length',
    'Content Length',
    'Content-Lengt',
    'Content\0Length',
  ],
)
/** Lengths beside the body's own are short of the sentinel's, so that it can never pass for a body whole. */
const length = piece(
  [String(hello.length)],
  [
    '0',
    '4',
    '6',
    '05',
    '+5',
    '-5',
    '0x5',
    '5 ',
    '5 5',
    '5,5',
    '5, 6',
    '',
    '5.0',
    '5e0',
    '"5"',
    '99999999999999999999',
    '18446744073709551621',
    '5\0',
    '\x0b5',
    '5\t',
    '40',
  ],
)

const fieldName = piece(
  ['X-A', 'accept', 'Cookie'],
  [
    'X_A',
    'X A',
    'X-A ',
    ' X-A',
    '',
    'X\0A',
    'X-\xe9',
    'X(A',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'X-Forwarded-For',
    'Content-Length',
    'Transfer-Encoding',
    'Host',
  ],
)
const fieldValue = piece(
  ['b', '', 'b, c', 'caf\xe9'],
  [
    'b\0c',
    'b\rc',
    'b\nc',
    'b\x7f',
    'b\x01',
    '\tb\t',
    'b\r\n c',
    'close',
    'keep-alive',
    'content-length',
    'host, x-a',
    '100-continue',
    '200-ok',
    'websocket',
    'h2c',
    'trailers',
    '5',
    'chunked',
    '"b',
    'b\x0b',
  ],
)

const field = fc.tuple(fieldName, colon, fieldValue, lineEnd).map((parts) => parts.join(''))
export const fields: fc.Arbitrary<string> = fc.array(field, { maxLength: 2 }).map((lines) => lines.join(''))
const hostLine = fc.tuple(hostName, colon, host, lineEnd).map((parts) => parts.join(''))
const hostLines = fc.oneof(
  { weight: 20, arbitrary: hostLine },
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.tuple(hostLine, hostLine).map((lines) => lines.join('')) },
)

const chunkSize = piece(
  ['5'],
  [
    '05',
    '0x5',
    '+5',
    '-5',
    '5 ',
    ' 5',
    '5\t',
    '5;a',
    '5;a=b',
    '5;a="b"',
    '5; a',
    '5 ;a',
    '5;',
    '5;a="b',
    '5;a\rb',
    '5;a\nb',
    '5;a=\0',
    '5g',
    '',
    '5_',
    '6',
    '4',
    '00000000000000005',
    'fffffffffffffffff',
    '5;a="\r\nb"',
    '5;\xe9',
    '5;;',
    '5,',
    '5:',
  ],
)
const lastSize = piece(
  ['0'],
  ['00', '0;a', '0;a="b"', '-0', '0x0', '', '0 ', ' 0', '0000000000000000000000', '0;'],
)
const trailers = piece(
  ['', 'X-Sum: 1\r\n'],
  [
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Host: b\r\n',
    'X-A : b\r\n',
    'X-A\r\n',
    ' X-A: b\r\n',
    ': b\r\n',
    'X-A: b\r\n c\r\n',
    'X-A: b\n',
    'X-A: \0\r\n',
    'X\0: b\r\n',
    'X-A: b\rc\r\n',
    'X_A: b\r\n',
  ],
)
const chunk = fc.tuple(chunkSize, lineEnd, fc.constant(hello), lineEnd).map((parts) => parts.join(''))
const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 2 }), lastSize, lineEnd, trailers, lineEnd)
  .map(([list, ...rest]) => list.join('') + rest.join(''))

const codingLine = fc.tuple(codingName, colon, coding, lineEnd).map((parts) => parts.join(''))
const lengthLine = fc.tuple(lengthName, colon, length, lineEnd).map((parts) => parts.join(''))

export interface Framing {
  readonly lines: string
  readonly body: string
}

export const framing: fc.Arbitrary<Framing> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ lines: '', body: '' }) },
  { weight: 5, arbitrary: fc.record({ lines: lengthLine, body: fc.constant(hello) }) },
  { weight: 6, arbitrary: fc.record({ lines: codingLine, body: chunkedBody }) },
  {
    weight: 1,
    arbitrary: fc.record({
      lines: fc
        .array(fc.oneof(lengthLine, codingLine), { minLength: 2, maxLength: 3 })
        .map((lines) => lines.join('')),
      body: fc.oneof(fc.constant(hello), chunkedBody),
    }),
  },
)

const request = fc
  .record({
    start: fc.tuple(method, blank, target, blank, version, lineEnd),
    hostLines,
    fields,
    framing,
    end: lineEnd,
  })
  .map(({ start, framing: { lines, body }, end, ...rest }) =>
    [start.join(''), rest.hostLines, rest.fields, lines, end, body].join(''),
  )

export interface Stray {
  readonly at: number
  readonly removed: number
  readonly added: string
}

const strayBytes = [
  '',
  '\0',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  'f',
  'X',
  '\r\n\r\n',
  '#',
  '@',
  '/',
  '-',
  '_',
]
const stray: fc.Arbitrary<Stray> = fc.record({
  at: fc.nat({ max: 500 }),
  removed: fc.nat({ max: 2 }),
  added: fc.constantFrom(...strayBytes),
})
export const strays: fc.Arbitrary<readonly Stray[]> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<readonly Stray[]>([]) },
  { weight: 2, arbitrary: fc.array(stray, { minLength: 1, maxLength: 2 }) },
)

export function scatter(text: string, list: readonly Stray[]): string {
  let result = text
  for (const { at, removed, added } of list) {
    const index = at % (result.length + 1)
    result = result.slice(0, index) + added + result.slice(index + removed)
  }
  return result
}

/** What one connection says, in latin1, before the sentinel. */
export const nearlyRequests: fc.Arbitrary<string> = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), strays)
  .map(([list, strayList]) => scatter(list.join(''), strayList))

const plainStart = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
    fc.constantFrom('/', '/a', '/a/b?c=d', '/a%20b'),
  )
  .map((parts) => `${parts.join(' ')} HTTP/1.1\r\n`)
const plainLine = fc
  .tuple(
    fc.constantFrom('X-A', 'accept', 'Cookie'),
    fc.constantFrom(': ', ':'),
    fc.constantFrom('b', '', 'b, "c"', 'caf\xe9'),
  )
  .map((parts) => `${parts.join('')}\r\n`)
const plainText = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const plainLength = plainText.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`)
const plainChunks = fc
  .tuple(
    fc.array(plainText, { maxLength: 3 }),
    fc.constantFrom('', ';a', ';a=b', ';a="b"'),
    fc.constantFrom('', 'X-Sum: 1\r\n'),
  )
  .map(([texts, extension, trailer]) => {
    const list = texts.filter((text) => text !== '')
    const written = list.map((text) => `${text.length.toString(16)}${extension}\r\n${text}\r\n`).join('')
    return `Transfer-Encoding: chunked\r\n\r\n${written}0\r\n${trailer}\r\n`
  })
const plainRequest = fc
  .tuple(
    plainStart,
    fc.constantFrom('a', 'a.example:8080'),
    fc.array(plainLine, { maxLength: 3 }),
    fc.oneof(fc.constant('\r\n'), plainLength, plainChunks),
  )
  .map(([start, name, lines, end]) => `${start}Host: ${name}\r\n${lines.join('')}${end}`)

/** Well-formed requests only. */
export const plainRequests: fc.Arbitrary<string> = fc
  .array(plainRequest, { minLength: 1, maxLength: 4 })
  .map((list) => list.join(''))
