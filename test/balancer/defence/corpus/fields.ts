// Header fields: their lines, their number and size, and those that ask something of the balancer itself.
import {
  casesOf,
  forwarded,
  forwardedLast,
  get,
  post,
  refused,
  refusedOr,
  type Case,
  type Rows,
} from './case.ts'

const seen = { line: 'GET /a' }
const field = (name: string, value: string) => ({ ...seen, fields: { [name]: value } })

const lines: Rows = {
  'a value between blanks': [get('X-A: \t b c\t \r\n'), forwarded(field('x-a', 'b c'))],
  'an empty value': [get('X-A:\r\n'), forwarded(field('x-a', ''))],
  'a value of blanks': [get('X-A: \t \r\n'), forwarded(field('x-a', ''))],
  'a value in latin1': [get('X-A: caf\xe9\xa0\r\n'), forwarded(field('x-a', 'caf\xe9\xa0'))],
  'a value full of punctuation': [
    get('X-A: "b\\"c"; d=<e>, (f) {g} [h] @:/?#%\r\n'),
    forwarded(field('x-a', '"b\\"c"; d=<e>, (f) {g} [h] @:/?#%')),
  ],
  'a name of every kind of token byte': [
    get("!#$%&'*+-.^_`|~9Az: b\r\n"),
    forwarded(field("!#$%&'*+-.^_`|~9az", 'b')),
  ],
  'no name': [get(': b\r\n'), refused()],
  'no name and a blank': [get(' : b\r\n'), refused()],
  'no colon': [get('X-A\r\n'), refused()],
  'no colon and a value': [get('X-A b\r\n'), refused()],
  'a blank before the colon': [get('X-A : b\r\n'), refused()],
  'a tab before the colon': [get('X-A\t: b\r\n'), refused()],
  'a blank in a name': [get('X A: b\r\n'), refused()],
  'a quoted name': [get('"X-A": b\r\n'), refused()],
  'a name in brackets': [get('(X-A): b\r\n'), refused()],
  'a folded line': [get('X-A: b\r\n c\r\n'), refused()],
  'a line folded by a tab': [get('X-A: b\r\n\tc\r\n'), refused()],
  'a folded line that is empty': [get('X-A: b\r\n \r\n'), refused()],
  'a first line that begins with a blank': ['GET /a HTTP/1.1\r\n X-A: b\r\nHost: a\r\n\r\n', refused()],
  'a first line of blanks': ['GET /a HTTP/1.1\r\n \r\nHost: a\r\n\r\n', refused()],
  'a line that ends in LF': [get('X-A: b\n'), refused()],
  'a line that ends in CR': [get('X-A: b\rX-B: c\r\n'), refused()],
  'a line that ends in CR CRLF': [get('X-A: b\r\r\n'), refused()],
  'a bare LF in a value': [get('X-A: b\nc\r\n'), refused()],
  'a bare LF that hides an end of the head': [get('X-A: b\n\nGET /smuggled HTTP/1.1\r\n'), refused()],
  'a bare CR that hides an end of the head': [get('X-A: b\r\rGET /smuggled HTTP/1.1\r\n'), refused()],
  'CR LF CR at the end of the head': ['GET /a HTTP/1.1\r\nHost: a\r\n\rX-A: b\r\n\r\n', refused()],
  'a NUL at the end of a value': [get('X-A: b\0\r\n'), refused()],
  'a NUL instead of an end': [get('X-A: b\0X-B: c\r\n'), refused()],
  'a name in UTF-8': [get('X-Caf\xc3\xa9: b\r\n'), refused()],
}

const sizes: Rows = {
  'as many fields as may be': [get('X-A: b\r\n'.repeat(190)), forwarded(seen)],
  'too many fields': [get('X-A: b\r\n'.repeat(300)), refused(431)],
  'far too many fields': [get('A:\r\n'.repeat(15_000)), refused(431)],
  'a long value': [get(`X-A: ${'b'.repeat(30_000)}\r\n`), forwarded(field('x-a', 'b'.repeat(30_000)))],
  'a value too long': [get(`X-A: ${'b'.repeat(80_000)}\r\n`), refused(431)],
  'a value without an end': [get(`X-A: ${'b'.repeat(200_000)}`), refused(431)],
  'a value of blanks without an end': [get(`X-A: ${' '.repeat(200_000)}`), refused(431)],
  'a name too long': [get(`${'X'.repeat(80_000)}: b\r\n`), refused(400, 431)],
  'a name without an end': [get('X'.repeat(200_000)), refused(400, 431)],
  'a head too large in many fields': [get(`X-A: ${'b'.repeat(1_000)}\r\n`.repeat(100)), refused(431)],
}

const connections: Rows = {
  'connection names the length': [
    post('Content-Length: 5\r\nConnection: content-length\r\n', 'hello'),
    refusedOr({ line: 'POST /a', body: 'hello', fields: { 'content-length': '5' } }),
  ],
  'connection names the length among others': [
    post('Connection: keep-alive, Content-Length , X-Hop\r\nContent-Length: 5\r\nX-Hop: 1\r\n', 'hello'),
    refusedOr({ line: 'POST /a', body: 'hello', fields: { 'content-length': '5', 'x-hop': undefined } }),
  ],
  'connection names the coding': [
    post('Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n', '5\r\nhello\r\n0\r\n\r\n'),
    refusedOr({ line: 'POST /a', body: 'hello', fields: { 'transfer-encoding': 'chunked' } }),
  ],
  'connection names the host': [get('Connection: host\r\n'), refusedOr(seen)],
  'connection names credentials': [
    get('Connection: cookie, authorization\r\nCookie: a=b\r\nAuthorization: c\r\n'),
    refusedOr({ ...seen, fields: { cookie: 'a=b', authorization: 'c' } }),
  ],
  'connection names who the client is': [
    get('Connection: x-forwarded-for, forwarded\r\n'),
    refusedOr({ ...seen, fields: { 'x-forwarded-for': '127.0.0.1' } }),
  ],
  'connection names a field of the hop': [
    get('Connection: X-Hop\r\nx-hop: 1\r\n'),
    forwarded({ ...seen, fields: { 'x-hop': undefined, connection: 'keep-alive' } }),
  ],
  'connection in two lines': [
    get('Connection: X-One\r\nConnection: x-two\r\nX-One: 1\r\nX-Two: 2\r\n'),
    forwarded({ ...seen, fields: { 'x-one': undefined, 'x-two': undefined } }),
  ],
  'connection says close': [get('Connection: close\r\n'), forwardedLast(seen)],
  'connection says close in capitals among others': [
    get('Connection: X-Hop , CLOSE\r\n'),
    forwardedLast({ ...seen, fields: { connection: 'keep-alive' } }),
  ],
  'connection says close in a second line': [
    get('Connection: keep-alive\r\nConnection: close\r\n'),
    forwardedLast(seen),
  ],
  'a request that closes, with a body': [
    post('Content-Length: 5\r\nConnection: close\r\n', 'hello'),
    forwardedLast({ line: 'POST /a', body: 'hello' }),
  ],
}

const questions: Rows = {
  'an unknown expectation': [get('Expect: 200-ok\r\n'), refused(417)],
  'an unknown expectation with a body': [
    post('Expect: 200-ok\r\nContent-Length: 5\r\n', 'hello'),
    refused(417),
  ],
  'two expectations': [post('Expect: 100-continue, 200-ok\r\nContent-Length: 5\r\n', 'hello'), refused(417)],
  'an expectation with an appendix': [
    post('Expect: 100-continuex\r\nContent-Length: 5\r\n', 'hello'),
    refused(417),
  ],
  'an expectation of 100 whose body came anyway': [
    post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'),
    forwarded({ line: 'POST /a', body: 'hello' }),
  ],
  'an expectation of 100 in capitals': [
    post('EXPECT: 100-CONTINUE\r\nContent-Length: 5\r\n', 'hello'),
    forwarded({ line: 'POST /a', body: 'hello' }),
  ],
  'a WebSocket with a body': [
    `${get('Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n')}hello`,
    refusedOr({ ...seen, body: 'hello', fields: { upgrade: undefined } }),
  ],
  'a WebSocket with chunks': [
    `${get('Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n')}5\r\nhello\r\n0\r\n\r\n`,
    refusedOr({ ...seen, body: 'hello', fields: { upgrade: undefined } }),
  ],
  'an upgrade to HTTP/2': [
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'),
    forwarded({
      ...seen,
      fields: { upgrade: undefined, 'http2-settings': undefined, connection: 'keep-alive' },
    }),
  ],
  'an upgrade that nobody offers in Connection': [
    get('Upgrade: websocket\r\n'),
    forwarded({ ...seen, fields: { upgrade: undefined } }),
  ],
}

export const fieldCases: readonly Case[] = [
  ...casesOf(lines),
  ...casesOf(sizes),
  ...casesOf(connections),
  ...casesOf(questions),
]
