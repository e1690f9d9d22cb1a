import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { csrfToken, isCsrfToken, isSafe, judgeOrigin, newCsrfSecret } from './csrf.ts'

const trusted = new Set(['https://admin.example'])
const host = 'shop.example'

const verdicts: readonly (readonly [string, Partial<Parameters<typeof judgeOrigin>[0]>, string])[] = [
  ['a page of the app itself', { site: 'same-origin' }, 'same'],
  ['an address the user typed', { site: 'none' }, 'same'],
  ['a page of a sibling domain', { site: 'same-site', origin: 'https://evil.shop.example' }, 'foreign'],
  ['a page of another site', { site: 'cross-site', origin: 'https://evil.example' }, 'foreign'],
  ['another site that claims to be the app', { site: 'cross-site', origin: `https://${host}` }, 'foreign'],
  ['a trusted origin', { site: 'cross-site', origin: 'https://admin.example' }, 'same'],
  ['an older browser, own page', { origin: `https://${host}` }, 'same'],
  ['an older browser, own page behind a TLS terminator', { origin: `http://${host}` }, 'same'],
  ['an older browser, other port', { origin: `https://${host}:8443` }, 'foreign'],
  ['an older browser, other page', { origin: 'https://evil.example' }, 'foreign'],
  ['a sandboxed page', { origin: 'null' }, 'foreign'],
  ['a word that is no origin', { origin: host }, 'foreign'],
  ['no host to compare with', { origin: `https://${host}`, host: undefined }, 'foreign'],
  ['a client that says nothing', {}, 'unknown'],
]

for (const [who, request, verdict] of verdicts) {
  test(`judgeOrigin: ${who} is ${verdict}`, () => {
    assert.equal(judgeOrigin({ site: undefined, origin: undefined, host, ...request }, trusted), verdict)
  })
}

test('isSafe counts methods that change nothing, and no other spelling of them', () => {
  assert.deepEqual(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST', 'get', 'PUT', ''].filter(isSafe), [
    'GET',
    'HEAD',
    'OPTIONS',
    'TRACE',
  ])
})

test('a token is other text each time, and valid for its own secret only', () => {
  const [secret, other] = [newCsrfSecret(randomBytes), newCsrfSecret(randomBytes)]
  const [one, two] = [csrfToken(secret, randomBytes), csrfToken(secret, randomBytes)]
  assert.notEqual(one, two)
  assert.ok(isCsrfToken(one, secret) && isCsrfToken(two, secret))
  for (const wrong of [one.slice(1), `${one}AAAA`, '', secret, 'x'.repeat(10_000), undefined, 7, [one]]) {
    assert.equal(isCsrfToken(wrong, secret), false)
  }
  assert.equal(isCsrfToken(one, other), false)
})

test('csrf "origin": a foreign page with the cookie is refused, one without a cookie and a silent client are not', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  const refusal = await bench.open(cookie, { origin: 'foreign' }).refusal()
  assert.equal(refusal?.code, 'CSRF_REFUSED')
  assert.equal(refusal?.status, 403)
  assert.equal(bench.open(undefined, { origin: 'foreign' }).refusal(), undefined)
  assert.equal(bench.open(cookie, { origin: 'unknown' }).refusal(), undefined)
  assert.equal(bench.open(cookie, { origin: 'same' }).refusal(), undefined)
  assert.deepEqual(bench.store.calls, [])
})

test('csrf "token": a silent client must bring a token of its session; csrf false refuses nobody', async () => {
  const bench = new SessionBench({ policy: { csrf: 'token' } })
  const cookie = await bench.start({ theme: 'dark' })
  const page = bench.open(cookie)
  const token = await page.csrfToken()
  await page.commit()
  const refused = (given?: string) =>
    bench.open(cookie, { origin: 'unknown', ...(given !== undefined && { csrfToken: given }) }).refusal()
  assert.equal(await refused(token), undefined)
  assert.equal((await refused())?.code, 'CSRF_REFUSED')
  assert.equal((await refused('x'.repeat(43)))?.code, 'CSRF_REFUSED')
  assert.equal(
    (await bench.open(cookie, { origin: 'foreign', csrfToken: token }).refusal())?.code,
    'CSRF_REFUSED',
  )
  bench.store.isUnavailable = true
  assert.equal((await refused(token))?.code, 'STORE_UNAVAILABLE')
  const lax = new SessionBench({ policy: { csrf: false } })
  assert.equal(lax.open(await lax.start({ theme: 'dark' }), { origin: 'foreign' }).refusal(), undefined)
})

test('a token starts a session, stays valid for it, and is worth nothing after the sign-in', async () => {
  const bench = new SessionBench()
  const page = bench.open()
  const token = await page.csrfToken()
  await page.commit()
  const cookie = cookieOf(page)
  const form = bench.open(cookie)
  assert.equal(await form.verifyCsrf(token), true)
  assert.equal(await form.verifyCsrf(await form.csrfToken()), true)
  assert.equal(form.pending(), false)
  await form.login('ann')
  await form.commit()
  assert.equal(await bench.open(cookieOf(form)).verifyCsrf(token), false)
})
