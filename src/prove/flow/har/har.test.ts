import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow, HttpStep } from '../flow.ts'
import { parseHar } from './har.ts'

type Fields = Readonly<Record<string, string>>

interface Recorded {
  readonly method?: string
  readonly url: string
  readonly headers?: Fields
  readonly post?: object
  readonly status?: number
  readonly type?: string
  readonly answer?: Fields
  readonly text?: string
  readonly encoding?: string
  readonly more?: object
}

const pairs = (fields: Fields = {}) => Object.entries(fields).map(([name, value]) => ({ name, value }))

/** As browsers write a recording; its requests come in the order of their times, not of the file. */
function har(recorded: readonly Recorded[]): string {
  const entries = recorded.map((each, index) => ({
    startedDateTime: new Date(1_700_000_000_000 + index * 1_000).toISOString(),
    request: {
      method: each.method ?? 'GET',
      url: each.url,
      headers: pairs(each.headers),
      cookies: [],
      ...(each.post === undefined ? {} : { postData: each.post }),
    },
    response: {
      status: each.status ?? 200,
      headers: pairs(each.answer),
      content: { mimeType: each.type ?? 'text/html', text: each.text ?? '', encoding: each.encoding },
      redirectURL: each.answer?.['Location'] ?? '',
    },
    ...each.more,
  }))
  return JSON.stringify({ log: { version: '1.2', entries: entries.toReversed() } })
}

const app = 'http://localhost:8080'
const csrf = 'kJ3xPq81Zr-77Qa2'
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.abcDEF123_x'
const form = 'application/x-www-form-urlencoded'

const session = har([
  { url: `${app}/`, text: '<a href="/login">', answer: { 'Set-Cookie': 'sid=s%3Aabc; Path=/' } },
  { url: `${app}/app.css`, type: 'text/css' },
  { url: `${app}/logo.png`, type: 'image/png', more: { _resourceType: 'image' } },
  { url: 'https://www.google-analytics.com/collect', method: 'POST' },
  {
    url: `${app}/login`,
    headers: { Cookie: 'sid=s%3Aabc; theme=dark; _ga=GA1.2' },
    text: Buffer.from(`<form><input type="hidden" name="_csrf" value="${csrf}"></form>`).toString('base64'),
    encoding: 'base64',
  },
  {
    method: 'POST',
    url: `${app}/login`,
    headers: { 'Content-Type': form, Origin: app, 'User-Agent': 'x', 'Content-Length': '9' },
    post: { mimeType: form, text: `_csrf=${csrf}&user=ann&password=s3cret`, params: [] },
    status: 303,
    answer: { Location: '/account' },
  },
  { url: `${app}/account`, text: 'hello ann' },
  {
    method: 'POST',
    url: `${app}/api/token`,
    post: { mimeType: 'application/json', text: '{"user":"ann"}', params: [] },
    type: 'application/json',
    text: JSON.stringify({ data: { accessToken: jwt } }),
  },
  {
    method: 'POST',
    url: `${app}/api/cart`,
    headers: { Authorization: `Bearer ${jwt}`, 'Content-Type': 'application/json' },
    post: { mimeType: 'application/json', text: '{"sku":"mug","quantity":1}', params: [] },
    status: 201,
    type: 'application/json',
    text: '{"cart":{"id":17,"items":[{"lineId":"b1946ac9-2f0d-4c3e-9e1a-0b6f3a2d4c5e","quantity":1}]}}',
  },
  {
    url: `${app}/api/cart/17?full=1`,
    headers: { Authorization: `Bearer ${jwt}` },
    type: 'application/json',
    text: '{}',
  },
  {
    method: 'PATCH',
    url: `${app}/api/lines/b1946ac9-2f0d-4c3e-9e1a-0b6f3a2d4c5e`,
    post: { mimeType: 'application/json; charset=utf-8', text: '{"cartId":17,"quantity":3}', params: [] },
    type: 'application/json',
    text: '{}',
  },
  { method: 'POST', url: `${app}/checkout`, status: 302, answer: { Location: `${app}/orders/4711` } },
  { url: `${app}/orders/4711`, text: 'order 4711' },
  { url: `${app}/gone`, status: 0 },
  { method: 'OPTIONS', url: `${app}/api/cart`, status: 204 },
])

const requests = ({ steps }: Flow): readonly HttpStep[] => steps.filter((step) => step.kind === 'http')
const stepFor = (flow: Flow, method: string, start: string): HttpStep => {
  const step = requests(flow).find((each) => each.method === method && each.path.startsWith(start))
  assert.ok(step, `no ${method} ${start}`)
  return step
}

test('requests to the app stay in their order; static files, other sites, preflights and what was given up go', () => {
  const { flow, skipped } = parseHar(session, 'shop.har')
  assert.deepEqual(flow.clients, ['visitor'])
  assert.deepEqual(
    requests(flow).map(({ method, path }) => `${method} ${path}`),
    [
      'GET /',
      'GET /login',
      'POST /login',
      'GET /account',
      'POST /api/token',
      'POST /api/cart',
      'GET /api/cart/${id}?full=1',
      'PATCH /api/lines/${lineId}',
      'POST /checkout',
      'GET ${location}',
    ],
  )
  assert.deepEqual(skipped, ['shop.har: left out 5 of 15 requests: static files and other sites'])
  assert.equal(flow.steps[1]?.origin, 'GET /login in shop.har')
})

test('a CSRF field of a page is captured there and sent as a variable', () => {
  const { flow } = parseHar(session, 'shop.har')
  const { capture } = stepFor(flow, 'GET', '/login')
  assert.deepEqual(Object.keys(capture), ['csrf'])
  assert.equal(capture['csrf']?.from, 'regex')
  assert.deepEqual(stepFor(flow, 'POST', '/login').body, {
    kind: 'form',
    fields: { _csrf: '${csrf}', user: 'ann', password: 's3cret' },
  })
})

test('tokens and ids of JSON answers become captures of headers, paths and bodies that used them', () => {
  const { flow } = parseHar(session, 'shop.har')
  assert.deepEqual(stepFor(flow, 'POST', '/api/token').capture, {
    accessToken: { from: 'json', path: 'data.accessToken' },
  })
  assert.equal(stepFor(flow, 'POST', '/api/cart').headers['authorization'], 'Bearer ${accessToken}')
  assert.deepEqual(stepFor(flow, 'POST', '/api/cart').capture, {
    id: { from: 'json', path: 'cart.id' },
    lineId: { from: 'json', path: 'cart.items.0.lineId' },
  })
  // As JSON the number would come as a string.
  assert.deepEqual(stepFor(flow, 'PATCH', '/api/lines').body, {
    kind: 'text',
    text: '{"cartId":${id},"quantity":3}',
    type: 'application/json',
  })
})

test('an address that only a redirect named is captured from its Location', () => {
  const { flow } = parseHar(session, 'shop.har')
  assert.deepEqual(stepFor(flow, 'POST', '/checkout').capture, {
    location: { from: 'header', name: 'location' },
  })
})

test('cookies come from the jar, except those that scripts set; of the headers only what scripts choose stays', () => {
  const { flow } = parseHar(session, 'shop.har')
  assert.deepEqual(stepFor(flow, 'GET', '/login').headers, { cookie: 'theme=dark' })
  assert.deepEqual(stepFor(flow, 'POST', '/login').headers, { origin: app })
})

test('bodies: repeated form fields as text, multipart from params and from its text', () => {
  const boundary = 'multipart/form-data; boundary=----x'
  const { flow } = parseHar(
    har([
      { method: 'POST', url: `${app}/a`, post: { mimeType: form, text: 'a=1&a=2+3', params: [] } },
      { method: 'POST', url: `${app}/b`, post: { mimeType: form, params: [{ name: 'q', value: 'x%20y' }] } },
      {
        method: 'POST',
        url: `${app}/c`,
        post: { mimeType: boundary, params: [{ name: 'f', fileName: 'a.txt', contentType: 'text/plain' }] },
      },
      {
        method: 'POST',
        url: `${app}/d`,
        headers: { 'content-type': boundary },
        post: {
          mimeType: boundary,
          text: '------x\r\nContent-Disposition: form-data; name="n"\r\n\r\nhello\r\n------x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\none\r\n\r\ntwo\r\n------x--\r\n',
        },
      },
    ]),
    'bodies.har',
  )
  assert.deepEqual(
    requests(flow).map(({ body }) => body),
    [
      { kind: 'text', text: 'a=1&a=2+3', type: form },
      { kind: 'form', fields: { q: 'x y' } },
      { kind: 'multipart', parts: [{ name: 'f', value: '', filename: 'a.txt', type: 'text/plain' }] },
      {
        kind: 'multipart',
        parts: [
          { name: 'n', value: 'hello', filename: undefined, type: undefined },
          { name: 'f', value: 'one\r\n\r\ntwo', filename: 'a.txt', type: 'text/plain' },
        ],
      },
    ],
  )
})

test('an uploaded image that an answer names is read back; a recorded failure is expected again', () => {
  const name = '3f2a9c81d0b7e5aa.png'
  const { flow } = parseHar(
    har([
      { method: 'POST', url: `${app}/upload`, type: 'application/json', text: `{"file":"${name}"}` },
      { url: `${app}/uploads/${name}`, type: 'image/png' },
      { url: `${app}/broken`, status: 502 },
    ]),
    'upload.har',
  )
  assert.deepEqual(
    requests(flow).map(({ path, expect }) => [path, expect.status]),
    [
      ['/upload', undefined],
      ['/uploads/${file}', undefined],
      ['/broken', 502],
    ],
  )
})

test('a WebSocket sends what was sent, and expects an answer where one came', () => {
  const more = {
    _resourceType: 'websocket',
    _webSocketMessages: [
      { type: 'send', opcode: 1, data: 'hello' },
      { type: 'receive', opcode: 1, data: 'hi at 12:01' },
      { type: 'receive', opcode: 2, data: 'AA==' },
    ],
  }
  const { flow } = parseHar(
    har([{ url: `${app}/` }, { url: 'ws://localhost:8080/chat?room=1', more }]),
    'chat.har',
  )
  assert.deepEqual(
    flow.steps.flatMap((step) => (step.kind === 'websocket' ? [step.action] : [])),
    [
      { do: 'connect', path: '/chat?room=1', headers: {} },
      { do: 'send', text: 'hello' },
      { do: 'expect', includes: '', withinMs: 5_000 },
      { do: 'close' },
    ],
  )
})

test('what is no recording is refused in one line', () => {
  assert.throws(() => parseHar('{', 'x.har'), /^DroverError: x\.har: Cannot read it: /)
  assert.throws(
    () => parseHar('{"log":{}}', 'x.har'),
    /Cannot use it as a recording: wanted a HAR file with log\.entries$/,
  )
  assert.throws(
    () => parseHar('{"log":{"entries":[]}}', 'x.har'),
    /Cannot use the recording: it holds no request$/,
  )
  const elsewhere = har([{ url: 'http://other/' }])
  assert.throws(
    () => parseHar(elsewhere, 'x.har', { origin: app }),
    /nothing in it was asked of http:\/\/localhost:8080$/,
  )
})
