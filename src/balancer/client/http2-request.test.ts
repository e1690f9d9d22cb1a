import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHttp2Request } from './http2-request.ts'
import { RequestFault } from './request-fault.ts'

const limits = { headBytes: 1_000, headFields: 10, targetBytes: 100 }

type Fields = readonly string[]

/** A request's raw fields; pseudo fields in `changes` replace those of a GET, undefined takes one away. */
function raw(changes: Readonly<Record<string, string | undefined>>, fields: Fields = []): string[] {
  const pseudo = { ':method': 'GET', ':scheme': 'https', ':authority': 'a.test', ':path': '/x?y', ...changes }
  return [
    ...Object.entries(pseudo).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    ...fields,
  ]
}

function status(rawHeaders: Fields, hasEnded = true): number {
  try {
    readHttp2Request(rawHeaders, hasEnded, limits)
    return 200
  } catch (error) {
    assert.ok(error instanceof RequestFault, String(error))
    return error.status
  }
}

test('readHttp2Request writes a request as one of HTTP/1.1', () => {
  const fields = ['accept', 'x', 'x-a', '1', 'x-a', '2']
  assert.deepEqual(readHttp2Request(raw({}, fields), true, limits), {
    method: 'GET',
    target: '/x?y',
    rawHeaders: ['host', 'a.test', ...fields],
    version: '2',
    body: 'none',
    expectsContinue: false,
    upgrade: false,
  })
})

test('readHttp2Request joins the crumbs of a cookie', () => {
  const fields = ['cookie', 'a=1', 'accept', 'x', 'cookie', 'b=2', 'cookie', 'c=3']
  const { rawHeaders } = readHttp2Request(raw({}, fields), true, limits)
  assert.deepEqual(rawHeaders, ['host', 'a.test', 'cookie', 'a=1; b=2; c=3', 'accept', 'x'])
})

test('readHttp2Request tells how a body is delimited', () => {
  const read = (fields: Fields, hasEnded: boolean) =>
    readHttp2Request(raw({ ':method': 'POST' }, fields), hasEnded, limits)
  assert.equal(read([], true).body, 'none')
  assert.equal(read(['content-length', '0'], true).body, 'none')
  assert.equal(read(['content-length', '0'], false).body, 'none')
  assert.equal(read(['content-length', '12'], false).body, 'length')
  assert.equal(read([], false).body, 'chunked')
})

test('readHttp2Request tells who waits for a 100', () => {
  const read = (fields: Fields, hasEnded: boolean) =>
    readHttp2Request(raw({ ':method': 'POST' }, fields), hasEnded, limits).expectsContinue
  assert.equal(read(['expect', '100-Continue'], false), true)
  assert.equal(read(['expect', '100-continue'], true), false)
  assert.equal(read([], false), false)
})

test('readHttp2Request takes the host from :authority or Host, and both only when they agree', () => {
  const hostOf = (rawHeaders: Fields) => readHttp2Request(rawHeaders, true, limits).rawHeaders
  assert.deepEqual(hostOf(raw({ ':authority': undefined }, ['host', 'b.test:8443'])), ['host', 'b.test:8443'])
  assert.deepEqual(hostOf(raw({}, ['host', 'A.test'])), ['host', 'A.test'])
  assert.equal(status(raw({}, ['host', 'b.test'])), 400)
  assert.equal(status(raw({}, ['host', 'a.test', 'host', 'a.test'])), 400)
  assert.equal(status(raw({ ':authority': undefined })), 400)
})

test('readHttp2Request accepts * for OPTIONS only', () => {
  assert.equal(readHttp2Request(raw({ ':method': 'OPTIONS', ':path': '*' }), true, limits).target, '*')
  assert.equal(status(raw({ ':path': '*' })), 400)
})

const refused: readonly [what: string, status: number, rawHeaders: Fields][] = [
  ['CONNECT', 405, raw({ ':method': 'CONNECT', ':scheme': undefined, ':path': undefined })],
  ['CONNECT for a WebSocket', 400, raw({ ':method': 'CONNECT', ':protocol': 'websocket' })],
  ['an unknown method', 501, raw({ ':method': 'BREW' })],
  ['a method in lower case', 501, raw({ ':method': 'get' })],
  ['a path that is a URL', 400, raw({ ':path': 'https://a.test/' })],
  ['an empty path', 400, raw({ ':path': '' })],
  ['a path with a fragment', 400, raw({ ':path': '/a#b' })],
  ['a path with a blank', 400, raw({ ':path': '/a b' })],
  ['a path that is not ASCII', 400, raw({ ':path': '/\xe9' })],
  ['a path with a line end', 400, raw({ ':path': '/a\r\nb' })],
  ['another scheme', 400, raw({ ':scheme': 'ftp' })],
  ['a host that is a list', 400, raw({ ':authority': 'a.test,b.test' })],
  ['a host with a user', 400, raw({ ':authority': 'me@a.test' })],
  ['a length that is none', 400, raw({}, ['content-length', '+1'])],
  ['a length too large to count', 400, raw({}, ['content-length', '1234567890123456'])],
  ['a length under another name', 400, raw({}, ['content_length', '1'])],
  ['a framing under another name', 400, raw({}, ['transfer_encoding', 'chunked'])],
  ['an expectation that is not known', 417, raw({}, ['expect', 'more'])],
  ['two expectations', 417, raw({}, ['expect', '100-continue', 'expect', '100-continue'])],
  ['a path too long', 414, raw({ ':path': `/${'x'.repeat(100)}` })],
  ['a head too large', 431, raw({}, ['a', 'x'.repeat(1_000)])],
  ['too many fields', 431, raw({}, Array.from({ length: 11 }, () => ['a', 'x']).flat())],
]

for (const [what, wanted, rawHeaders] of refused)
  test(`readHttp2Request refuses ${what} with ${wanted}`, () => {
    assert.equal(status(rawHeaders, false), wanted)
  })
