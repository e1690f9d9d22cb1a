import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'
import { compareTraces } from './compare.ts'
import { learnNoise } from './noise.ts'

interface Said {
  readonly status?: number
  readonly headers?: Readonly<Record<string, readonly string[]>>
  readonly body?: unknown
  /** Seconds after the beginning. */
  readonly at?: number
}

const beginMs = Date.UTC(2026, 4, 1, 12)

function trace(...said: readonly Said[]): Trace {
  const observations = said.map(({ status = 200, headers = {}, body = '', at = 0 }, step): Observation => ({
    step,
    instance: 1,
    status,
    headers,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    messages: [],
    error: undefined,
    captured: {},
    startedAtMs: beginMs + at * 1000,
    durationMs: 1,
  }))
  return { mode: 'single', observations }
}

function flowFor({ observations }: Trace): Flow {
  const steps = observations.map(({ step }) => ({
    kind: 'http' as const,
    client: 'ann',
    method: 'GET',
    path: `/${step}`,
    headers: {},
    body: undefined,
    capture: {},
    expect: { status: undefined, includes: undefined },
    origin: `step ${step + 1}`,
  }))
  return { clients: ['ann'], steps }
}

/** Where `other` differs, by the step counted from 1. */
function differing(baselines: readonly Trace[], other: Trace): readonly string[] {
  const [reference = trace()] = baselines
  const flow = flowFor(reference)
  const noise = learnNoise(baselines, flow)
  return compareTraces(flow, reference, other, noise).map(({ step, where }) => `${step + 1} ${where}`)
}

const all = (body: unknown): Said => ({ body })

describe('is no difference:', () => {
  const seconds = beginMs / 1000
  const rows: readonly (readonly [string, Said, Said])[] = [
    ['an ISO time', all({ at: '2026-05-01T12:00:00.000Z' }), all({ at: '2026-05-01T12:00:03Z' })],
    [
      'a date as text',
      all('Fri May 01 2026 12:00:00 GMT+0000 (Coordinated Universal Time)'),
      all('Fri May 01 2026 12:00:04 GMT+0000 (Coordinated Universal Time)'),
    ],
    ['a local time', all('5/1/2026, 12:00:00 PM'), all('5/1/2026, 12:00:04 PM')],
    ['seconds since the epoch', all({ at: seconds }), all({ at: seconds + 4 })],
    ['milliseconds in a file name', all(`${beginMs}-photo.png`), all(`${beginMs + 4444}-photo.png`)],
    ['how long it took', all('done in 3 ms'), all('done in 14.2 ms')],
    ['how long ago it was', all('2 seconds ago'), all('just now')],
    [
      'measurements of the process',
      all({ uptime: 1.5, memoryUsage: { rss: 5 } }),
      all({ uptime: 9, memoryUsage: { rss: 7 } }),
    ],
    [
      'a date header and an ETag',
      { headers: { date: ['a'], etag: ['x'] } },
      { headers: { date: ['b'], etag: ['y'] } },
    ],
    ['a request id', { headers: { 'x-request-id': ['1'] } }, { headers: { 'x-request-id': ['2'] } }],
    [
      'another value of a cookie',
      { headers: { 'set-cookie': ['sid=a; Path=/'] } },
      { headers: { 'set-cookie': ['sid=b; Path=/'] } },
    ],
    ['figures for a collector', all('# HELP a b\na 1'), all('# HELP a b\na 2')],
    [
      'when a token was made',
      all({ token: jwt({ sub: 'ann', iat: seconds }) }),
      all({ token: jwt({ sub: 'ann', iat: seconds + 9 }) }),
    ],
    [
      'the text of a redirect',
      { status: 302, headers: { location: ['/a'] }, body: 'Found' },
      { status: 302, headers: { location: ['/a'] }, body: 'See /a' },
    ],
  ]
  for (const [name, one, other] of rows)
    it(name, () => assert.deepEqual(differing([trace(one), trace(one)], trace(other)), []))
})

describe('is a difference:', () => {
  const rows: readonly (readonly [string, Said, Said, string])[] = [
    ['another status', { status: 200 }, { status: 401 }, '1 status'],
    [
      'another place to go to',
      { status: 302, headers: { location: ['/me'] } },
      { status: 302, headers: { location: ['/login'] } },
      '1 header location',
    ],
    ['a cookie that comes anew', {}, { headers: { 'set-cookie': ['sid=b'] } }, '1 cookie sid'],
    [
      'a cookie that is taken away',
      { headers: { 'set-cookie': ['sid=b'] } },
      { headers: { 'set-cookie': ['sid=; Max-Age=0'] } },
      '1 cookie sid',
    ],
    [
      'a number in JSON',
      all({ items: [{ count: 2 }] }),
      all({ items: [{ count: 1 }] }),
      '1 body items.0.count',
    ],
    ['an item less', all([1, 2]), all([1]), '1 body length'],
    ['items in another order', all(['a', 'b']), all(['b', 'a']), '1 body 0'],
    ['a word of a page', all('<p>Hello, ann</p>'), all('<p>Hello, guest</p>'), '1 text'],
    [
      'whom a token is for',
      all({ token: jwt({ sub: 'ann' }) }),
      all({ token: jwt({ sub: 'bob' }) }),
      '1 body token',
    ],
    [
      'a time where there was none',
      all({ last: null }),
      all({ last: '2026-05-01T12:00:00Z' }),
      '1 body last',
    ],
    ['other bytes', all('\u0000a'), all('\u0000b'), '1 body'],
    [
      'a header of the app',
      { headers: { 'x-served-by': ['web-1'] } },
      { headers: { 'x-served-by': ['web-2'] } },
      '1 header x-served-by',
    ],
  ]
  for (const [name, one, other, where] of rows)
    it(name, () => assert.equal(differing([trace(one), trace(one)], trace(other))[0], where))
})

describe('what baselines teach', () => {
  it('a value that is another each time is not compared, what stands beside it is', () => {
    const page = (token: string, name: string) => trace(all(`<input value="${token}"><b>${name}</b>`))
    assert.deepEqual(differing([page('t1', 'ann'), page('t2', 'ann')], page('t3', 'ann')), [])
    assert.deepEqual(differing([page('t1', 'ann'), page('t2', 'ann')], page('t3', 'bob')), ['1 text'])
  })

  it('an id may be another one, if it is so throughout', () => {
    const run = (one: string, two: string) => trace(all({ id: one }), all({ id: two }))
    assert.deepEqual(differing([run('a1', 'a1'), run('b2', 'b2')], run('c3', 'c3')), [])
    assert.deepEqual(differing([run('a1', 'a1'), run('b2', 'b2')], run('c3', 'd4')), ['2 body id'])
    assert.deepEqual(
      differing([run('a1', 'a1'), run('b2', 'x9')], run('c3', 'd4')),
      [],
      'where baselines keep it so too',
    )
  })

  it('ids that a database counts on are other ones in each run', () => {
    const run = (from: number) => trace(all({ id: from }), all({ id: from + 1 }), all({ first: from }))
    assert.deepEqual(differing([run(1), run(3)], run(5)), [])
  })

  it('items that stand in no order are compared without', () => {
    assert.deepEqual(
      differing([trace(all(['a', 'b', 'c'])), trace(all(['b', 'a', 'c']))], trace(all(['c', 'b', 'a']))),
      [],
    )
    assert.deepEqual(
      differing([trace(all(['a', 'b', 'c'])), trace(all(['b', 'a', 'c']))], trace(all(['c', 'b', 'a2']))),
      ['1 body 0'],
    )
  })

  it('a list that grows from run to run is not compared', () => {
    assert.deepEqual(differing([trace(all(['a'])), trace(all(['a', 'b']))], trace(all(['a', 'b', 'c']))), [])
  })

  it('a step whose status varies says nothing', () => {
    assert.deepEqual(differing([trace({ status: 200 }), trace({ status: 503 })], trace({ status: 404 })), [])
  })
})

describe('what a rate limiter has left', () => {
  const run = (...left: readonly number[]) =>
    trace(
      ...left.map((one): Said => ({
        headers: { 'ratelimit-limit': ['9'], 'ratelimit-remaining': [String(one)], 'ratelimit-reset': ['7'] },
      })),
    )

  it('may begin elsewhere, but goes down in the same way', () => {
    assert.deepEqual(differing([run(8, 7, 6), run(8, 7, 6)], run(5, 4, 3)), [])
    assert.deepEqual(differing([run(8, 7, 6), run(8, 7, 6)], run(8, 8, 7)), ['2 header ratelimit-remaining'])
  })

  it('accuses nobody where one instance goes down in different ways', () => {
    assert.deepEqual(differing([run(8, 7, 6), run(8, 7, 8)], run(8, 8, 8)), [])
  })
})

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`
}
