// A body in chunks: sizes, extensions, ends and trailers (RFC 9112 section 7.1).
import { casesOf, chunks, forwarded, refused, refusedOr, type Case, type Rows } from './case.ts'

const seen = { line: 'POST /a', body: 'hello', fields: { 'transfer-encoding': 'chunked' } }
const end = '0\r\n\r\n'
const first = (sizeLine: string) => chunks(`${sizeLine}\r\nhello\r\n${end}`)
const last = (lines: string) => chunks(`5\r\nhello\r\n0\r\n${lines}\r\n`)

const wellFormed: Rows = {
  'several chunks': [chunks(`2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n${end}`), forwarded(seen)],
  'no chunk but the last': [chunks(end), forwarded({ ...seen, body: '' })],
  'sizes in both cases': [
    chunks(`a\r\n0123456789\r\nB\r\n0123456789a\r\n${end}`),
    forwarded({ ...seen, body: '01234567890123456789a' }),
  ],
  'a size with leading zeros': [first('005'), forwarded(seen)],
  'a last chunk of many zeros': [chunks('5\r\nhello\r\n000\r\n\r\n'), forwarded(seen)],
  'an extension': [first('5;a'), forwarded(seen)],
  'an extension with a value': [first('5;a=b'), forwarded(seen)],
  'an extension with a quoted value': [first('5;a="b c;d"'), forwarded(seen)],
  'several extensions': [first('5;a=b;c;d="e"'), forwarded(seen)],
  'an extension of the last chunk': [chunks('5\r\nhello\r\n0;a=b\r\n\r\n'), forwarded(seen)],
  'a chunk that contains a request': [
    chunks(`23\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n\r\n${end}`),
    forwarded({ ...seen, body: 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n' }),
  ],
  'a chunk that contains an end': [chunks(`5\r\n0\r\n\r\n\r\n${end}`), forwarded({ ...seen, body: end })],
  trailers: [
    last('X-Sum: 1\r\nX-Two: 2\r\n'),
    forwarded({ ...seen, trailers: ['X-Sum', '1', 'X-Two', '2'] }),
  ],
}

/** Size lines of a chunk of five bytes, each wrong in its own way. */
const badSizes = [
  '',
  ' ',
  '0x5',
  '0X5',
  'x5',
  '+5',
  '-5',
  '5_0',
  '5.0',
  '5,',
  '5h',
  'g',
  'five',
  '5 5',
  ' 5',
  '\t5',
  '\x0b5',
  '\x005',
  '5\0',
  '5\x0b',
  '5\x0c',
  '5\x7f',
  '5\xa0',
  '\xb5',
  '"5"',
  "'5'",
  '5:',
  '5=',
  '=5',
  '#5',
  '%35',

  '5L',
  '5\r',
  '5\n',
  '\n5',
  '\r5',
  '5\r\r',
  '5\n\r',
  '5;a\rb',
  '5;a\nb',
  '5;a=b\rc',
  '5;a=b\nc',
  '5;a="b\rc"',
  '5;a="b\nc"',
  '5;a\0b',
  '5;a=\0',
  '5;a="\0"',
  '5;a\x7fb',
  '5;\x01',
  '5;a=b\r',
  '5;a\n',
]

const hugeSizes = [
  'ffffffffffffffff',
  'fffffffffffffffff',
  '10000000000000005',
  '100000000000000000000000000000005',
  '7fffffffffffffff',
  '8000000000000000',
  `${'f'.repeat(300)}5`,
]

/** Extensions with blanks, which the standard allows, and malformed ones: Node's own parser refuses them all. */
const badExtensions = [
  '5 ',
  '5\t',
  '5 ;a=b',
  '5; a=b',
  '5;a =b',
  '5;a= b',
  '5;',
  '5;a="b',
  '5;a="b"x',
  '5;a=b c',
  '5;a,b',
  '5;"a"',
  '5;\xe9',
  '5;a=\xe9',
]

/** No token where one belongs, and more digits than a size needs: some readers take them. */
const doubtfulSizes = ['5;;a', '5;=b', '5;a=', `${'0'.repeat(30)}5`]

const malformed: Rows = {
  'a chunk without CRLF behind it': [chunks(`5\r\nhello${end}`), refused()],
  'a chunk longer than its size': [chunks(`4\r\nhello\r\n${end}`), refused()],
  'a chunk shorter than its size': [chunks(`6\r\nhello\r\n${end}`), refused()],
  'LF alone behind a chunk': [chunks(`5\r\nhello\n${end}`), refused()],
  'CR alone behind a chunk': [chunks(`5\r\nhello\r${end}`), refused()],
  'LF CR behind a chunk': [chunks(`5\r\nhello\n\r${end}`), refused()],
  'two bytes that are not CRLF behind a chunk': [chunks(`5\r\nhelloXX${end}`), refused()],
  'LF alone behind a size': [chunks(`5\nhello\r\n${end}`), refused()],
  'LF alone behind the last size': [chunks('5\r\nhello\r\n0\n\r\n'), refused()],
  'LF alone at the end': [chunks('5\r\nhello\r\n0\r\n\n'), refused()],
  'CR alone at the end': [chunks('5\r\nhello\r\n0\r\n\rX'), refused()],
  'line ends of LF throughout': [chunks('5\nhello\n0\n\n'), refused()],
  'no last chunk before the next request': [chunks('5\r\nhello\r\n'), refused()],
  'no empty line behind the last chunk': [chunks('5\r\nhello\r\n0\r\nX'), refused()],
  'a negative last chunk': [chunks('5\r\nhello\r\n-0\r\n\r\n'), refused()],
  'an extension of 100 KB': [first(`5;a=${'b'.repeat(100_000)}`), refused(400, 413, 431)],
  'an extension without an end': [chunks(`5;a=${'b'.repeat(200_000)}`), refused(400, 413, 431)],
  'extensions of 400 KB in tiny chunks': [
    chunks(`${`1;a=${'b'.repeat(1_000)}\r\nx\r\n`.repeat(400)}${end}`),
    refused(400, 413, 431),
  ],
}

const trailers: Rows = {
  'a length in the trailers': [last('Content-Length: 50\r\n'), refused()],
  'a coding in the trailers': [last('Transfer-Encoding: chunked\r\n'), refused()],
  'a host in the trailers': [last('Host: evil\r\n'), refusedOr(seen)],
  'who the client is in the trailers': [
    last('X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n'),
    refusedOr(seen),
  ],
  'a length with an underline in the trailers': [
    last('Content_Length: 50\r\n'),
    refusedOr({ ...seen, trailers: [] }),
  ],
  'a blank before the colon of a trailer': [last('X-A : b\r\n'), refused()],
  'a trailer without a name': [last(': b\r\n'), refused()],
  'a trailer without a colon': [last('X-A\r\n'), refused()],
  'a folded trailer': [last('X-A: b\r\n c\r\n'), refused()],
  'a trailer that begins with a blank': [last(' X-A: b\r\n'), refused()],
  'a NUL in a trailer': [last('X-A: b\0c\r\n'), refused()],
  'a NUL in the name of a trailer': [last('X\0A: b\r\n'), refused()],
  'a bare CR in a trailer': [last('X-A: b\rX-B: c\r\n'), refused()],
  'a bare LF in a trailer': [last('X-A: b\nX-B: c\r\n'), refused()],
  'a trailer that ends in LF': [chunks('5\r\nhello\r\n0\r\nX-A: b\n\r\n'), refused()],
  'trailers of 100 KB': [last(`X-A: ${'b'.repeat(100_000)}\r\n`), refused(400, 413, 431)],
  'trailers without an end': [last('X-A: b\r\n'.repeat(20_000)), refused(400, 413, 431)],
}

const sizeCases = (sizes: readonly string[], expected: Case['expected']) =>
  sizes.map((size) => ({
    name: `chunk size line ${JSON.stringify(size.slice(0, 40))}`,
    bytes: first(size),
    expected,
  }))

export const chunkCases: readonly Case[] = [
  ...casesOf(wellFormed),
  ...sizeCases(badSizes, refused()),
  ...sizeCases(badExtensions, refused()),
  ...sizeCases(hugeSizes, refused(400, 413)),
  ...sizeCases(doubtfulSizes, refusedOr(seen)),
  ...casesOf(malformed),
  ...casesOf(trailers),
]
