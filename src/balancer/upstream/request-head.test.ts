import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namedByConnection, writeRequestHead, type ClientRequest } from './request-head.ts'

function write(rawHeaders: readonly string[], request: Partial<ClientRequest> = {}): string[] {
  const head = writeRequestHead({
    method: 'GET',
    target: '/a?b',
    rawHeaders,
    remoteAddress: '192.0.2.1',
    encrypted: false,
    upgrade: false,
    trustForwarded: false,
    chunked: false,
    requestId: 'id',
    traceparent: 'parent',
    keepsTracestate: true,
    mintedKey: undefined,
    deadOwner: undefined,
    ...request,
  })
  assert.ok(head.endsWith('\r\n\r\n'), 'the head ends with an empty line')
  return head.slice(0, -4).split('\r\n')
}

const identity = ['x-request-id: id', 'traceparent: parent']

const forwarded = [
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Host: shop.example',
  'Forwarded: for=192.0.2.1;proto=http;host="shop.example"',
]

test('writeRequestHead believes forwarding fields only of a trusted client, and joins those that come twice', () => {
  const raw = [
    'Host',
    'a',
    'X-Forwarded-Proto',
    'https',
    'X-Forwarded-For',
    '1.1.1.1',
    'x-forwarded-for',
    '2.2.2.2',
  ]
  const distrusted = write(raw)
  assert.ok(distrusted.includes('X-Forwarded-Proto: http'))
  assert.ok(distrusted.includes('X-Forwarded-For: 192.0.2.1'))
  const trusted = write(raw, { trustForwarded: true })
  assert.ok(trusted.includes('X-Forwarded-Proto: https'))
  assert.ok(trusted.includes('X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.1'))
})

test('writeRequestHead keeps the request line, end-to-end fields, their spelling, order and duplicates', () => {
  const raw = ['Host', 'shop.example', 'accept', '*/*', 'X-A', '1', 'x-a', '2', 'Empty', '', 'Cookie', 'a=b']
  assert.deepEqual(write(raw), [
    'GET /a?b HTTP/1.1',
    'Host: shop.example',
    'accept: */*',
    'X-A: 1',
    'x-a: 2',
    'Empty: ',
    'Cookie: a=b',
    ...identity,
    'Connection: keep-alive',
    ...forwarded,
  ])
})

test('writeRequestHead keeps latin1 as it is', () => {
  assert.ok(write(['Host', 'a', 'X-Name', 'Caf\xe9']).includes('X-Name: Caf\xe9'))
})

test('writeRequestHead drops what belongs to one hop', () => {
  const raw = ['Host', 'shop.example', 'Connection', 'close', 'Keep-Alive', 'timeout=5', 'TE', 'trailers']
  raw.push('Proxy-Connection', 'close', 'Upgrade', 'h2c')
  assert.deepEqual(write(raw), [
    'GET /a?b HTTP/1.1',
    'Host: shop.example',
    ...identity,
    'Connection: keep-alive',
    ...forwarded,
  ])
})

test('writeRequestHead drops the fields that Connection names, in whatever spelling', () => {
  const head = write(['Host', 'a', 'connection', 'X-Hop , keep-alive', 'x-hOP', '1', 'X-Stays', '2'])
  assert.ok(!head.some((line) => /x-hop/i.test(line)))
  assert.ok(head.includes('X-Stays: 2'))
})

test('writeRequestHead keeps the fields whose loss would change the request, though Connection names them', () => {
  const raw = ['Host', 'shop.example', 'Connection', 'host, content-length, cookie, authorization']
  raw.push('Content-Length', '3', 'Cookie', 'a=b', 'Authorization', 'Basic x')
  const head = write(raw)
  for (const line of ['Host: shop.example', 'Content-Length: 3', 'Cookie: a=b', 'Authorization: Basic x'])
    assert.ok(head.includes(line), line)
})

test('writeRequestHead overwrites forged forwarding fields and the instance field, also spelled with underscores', () => {
  const forgeries = [
    'X-Forwarded-For',
    'x-forwarded-host',
    'X-Forwarded-Proto',
    'Forwarded',
    'X-Drover-Instance',
  ]
  forgeries.push('X_Forwarded_For', 'x-forwarded_proto', 'x_drover_instance')
  const head = write(['Host', 'shop.example', ...forgeries.flatMap((name) => [name, 'forged'])])
  assert.deepEqual(head.slice(-4), forwarded)
  assert.ok(!head.some((line) => line.includes('forged')), head.join('\n'))
})

test('writeRequestHead says that chunks follow, once', () => {
  const head = write(['Host', 'a', 'transfer-encoding', 'Chunked'], { chunked: true })
  assert.deepEqual(
    head.filter((line) => /transfer-encoding/i.test(line)),
    ['Transfer-Encoding: chunked'],
  )
})

test('writeRequestHead asks for a WebSocket when the client did', () => {
  const head = write(['Host', 'a', 'Connection', 'keep-alive, Upgrade', 'Upgrade', 'WebSocket'], {
    upgrade: true,
  })
  assert.deepEqual(
    head.filter((line) => /upgrade/i.test(line)),
    ['Connection: Upgrade', 'Upgrade: websocket'],
  )
})

test('writeRequestHead quotes an IPv6 address in Forwarded, and shows an IPv4 one as such', () => {
  const six = write(['Host', 'a'], { remoteAddress: '2001:db8::1', encrypted: true })
  assert.ok(six.includes('X-Forwarded-For: 2001:db8::1'))
  assert.ok(six.includes('X-Forwarded-Proto: https'))
  assert.ok(six.includes('Forwarded: for="[2001:db8::1]";proto=https;host="a"'))
  const mapped = write(['Host', 'a'], { remoteAddress: '::ffff:192.0.2.7' })
  assert.ok(mapped.includes('X-Forwarded-For: 192.0.2.7'))
  assert.ok(mapped.includes('Forwarded: for=192.0.2.7;proto=http;host="a"'))
})

test('writeRequestHead leaves a host that would break the quoted string out of Forwarded', () => {
  for (const host of ['a";for=evil', 'a\\']) {
    const head = write(['Host', host])
    assert.equal(head.at(-1), 'Forwarded: for=192.0.2.1;proto=http')
  }
})

test('writeRequestHead sends an empty Host for an HTTP/1.0 client that named none', () => {
  const head = write(['Accept', '*/*'])
  assert.equal(head[1], 'Host: ')
  assert.deepEqual(head.slice(-3), [...forwarded.slice(0, 2), 'Forwarded: for=192.0.2.1;proto=http'])
})

const targets: Record<string, [path: string, host: string]> = {
  'http://shop.example/a?b=1': ['/a?b=1', 'shop.example'],
  'HTTP://shop.example:81': ['/', 'shop.example:81'],
  'https://shop.example?b': ['/?b', 'shop.example'],
  'http://ann:secret@shop.example/': ['/', 'shop.example'],
  'http://[2001:db8::1]:80/x': ['/x', '[2001:db8::1]:80'],
  '//other.example/a': ['//other.example/a', 'field.example'],
  '*': ['*', 'field.example'],
}

for (const [target, [path, host]] of Object.entries(targets)) {
  test(`writeRequestHead sends the target "${target}" as "${path}" of host ${host}`, () => {
    const head = write(['host', 'field.example'], { target })
    assert.deepEqual(head.slice(0, 2), [`GET ${path} HTTP/1.1`, `Host: ${host}`])
    assert.ok(head.includes(`X-Forwarded-Host: ${host}`))
    assert.equal(head.filter((line) => /^host:/i.test(line)).length, 1)
  })
}

test('namedByConnection finds fields in every Connection field, and nothing in its usual words', () => {
  assert.deepEqual(
    [...(namedByConnection(['Connection', 'a,B', 'X', 'y', 'connection', ' c ,,']) ?? [])],
    ['a', 'b', 'c'],
  )
  for (const usual of ['close', 'Keep-Alive', 'Upgrade, keep-alive', 'TE', ''])
    assert.equal(namedByConnection(['Connection', usual]), undefined)
})
