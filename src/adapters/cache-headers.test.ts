// privateCacheHeaders: no shared cache stores what depends on a session, and the app's other wishes stay.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { privateCacheHeaders } from './cache-headers.ts'

const cacheControls: readonly [given: string | undefined, wanted: string][] = [
  [undefined, 'private, no-cache'],
  ['', 'private, no-cache'],
  [' , ,', 'private, no-cache'],
  ['no-store', 'no-store'],
  ['private', 'private'],
  ['PRIVATE, Max-Age=5', 'PRIVATE, Max-Age=5'],
  ['public', 'private'],
  ['public, max-age=60', 'private, max-age=60'],
  ['Public , s-maxage=600,max-age=60', 'private, max-age=60'],
  ['S-MaxAge=600', 'private'],
  ['s-maxage="600"', 'private'],
  // Without either word a shared cache may store it all the same, for as long as max-age says or as it guesses.
  ['max-age=60', 'private, max-age=60'],
  ['max-age=31536000, immutable', 'private, max-age=31536000, immutable'],
  ['no-cache', 'private, no-cache'],
  ['public, no-store', 'no-store'],
  ['no-store, must-understand', 'private, no-store, must-understand'],
  ['no-cache="set-cookie, etag"', 'private, no-cache="set-cookie, etag"'],
  ['private="x-user, x-plan", max-age=5', 'private, max-age=5'],
  ['private ="x-user"', 'private'],
  ['ext="a, public, \\", s-maxage=1"', 'private, ext="a, public, \\", s-maxage=1"'],
  ['ext="never closed, public', 'private, ext="never closed, public'],
  ['publicity=1', 'private, publicity=1'],
]

for (const [given, wanted] of cacheControls) {
  test(`Cache-Control ${JSON.stringify(given)} becomes ${JSON.stringify(wanted)}`, () => {
    assert.equal(privateCacheHeaders({ cacheControl: given, vary: undefined }, false).cacheControl, wanted)
  })
}

test('an answer with a session cookie is stored by nobody, unless the app says otherwise', () => {
  const withCookie = (cacheControl: string | undefined) =>
    privateCacheHeaders({ cacheControl, vary: undefined }, true).cacheControl
  assert.equal(withCookie(undefined), 'no-store')
  assert.equal(withCookie('public, max-age=60'), 'private, max-age=60')
  assert.equal(withCookie('private, max-age=60'), 'private, max-age=60')
})

const varies: readonly [given: string | undefined, wanted: string][] = [
  [undefined, 'Cookie'],
  [' ', 'Cookie'],
  ['Accept-Encoding', 'Accept-Encoding, Cookie'],
  ['cookie', 'cookie'],
  ['Accept, COOKIE ,Origin', 'Accept, COOKIE ,Origin'],
  ['*', '*'],
  ['Accept, *', 'Accept, *'],
  ['X-Cookie', 'X-Cookie, Cookie'],
]

for (const [given, wanted] of varies) {
  test(`Vary ${JSON.stringify(given)} becomes ${JSON.stringify(wanted)}`, () => {
    assert.equal(privateCacheHeaders({ cacheControl: undefined, vary: given }, false).vary, wanted)
  })
}

test('is stable: what it gives, it leaves alone', () => {
  for (const setsCookie of [true, false]) {
    for (const [cacheControl] of cacheControls) {
      for (const [vary] of varies) {
        const once = privateCacheHeaders({ cacheControl, vary }, setsCookie)
        assert.deepEqual(privateCacheHeaders(once, setsCookie), once)
      }
    }
  }
})
