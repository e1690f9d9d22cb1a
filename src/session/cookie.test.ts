import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearCookie, issueCookie, sessionIdIn, wireName } from './cookie.ts'
import type { CookieShape } from './cookie.ts'

const ann = 'a'.repeat(43)
const bob = 'b'.repeat(43)

test('sessionIdIn finds the id among other cookies', () => {
  const headers: readonly [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    [';;;', undefined],
    ['sid', undefined],
    [`sid=${ann}`, ann],
    [`theme=dark; sid=${ann}; lang=en`, ann],
    [`theme=dark;sid=${ann}`, ann],
    [`theme=dark;\t sid = ${ann} `, ann],
    [`xsid=${ann}; sidx=${bob}`, undefined],
    [`SID=${ann}`, undefined],
    [`=sid=${ann}`, undefined],
  ]
  for (const [header, found] of headers) assert.equal(sessionIdIn(header, 'sid'), found, String(header))
})

test('sessionIdIn takes the first well-formed cookie of several', () => {
  assert.equal(sessionIdIn(`sid=${ann}; sid=${bob}`, 'sid'), ann)
  assert.equal(sessionIdIn(`sid=; sid="${ann}"; sid=short; sid=${bob}`, 'sid'), bob)
})

test('sessionIdIn looks at a bounded part of the header', () => {
  assert.equal(sessionIdIn(`${'x=1; '.repeat(20_000)}sid=${ann}`, 'sid'), undefined)
})

const sid: CookieShape = { cookieName: 'sid', sameSite: 'lax', domain: undefined, partitioned: false }

test('wireName takes the __Host- prefix on a secure connection only, __Secure- for a whole domain', () => {
  assert.equal(wireName(sid, true), '__Host-sid')
  assert.equal(wireName(sid, false), 'sid')
  assert.equal(wireName({ ...sid, domain: 'shop.example' }, true), '__Secure-sid')
  assert.equal(wireName({ ...sid, domain: 'shop.example' }, false), 'sid')
})

test('issueCookie has every attribute the __Host- prefix demands, and no Domain', () => {
  assert.equal(
    issueCookie(sid, ann, 1_500, true),
    `__Host-sid=${ann}; Path=/; Max-Age=2; HttpOnly; SameSite=Lax; Secure`,
  )
  assert.equal(issueCookie(sid, ann, 60_000, false), `sid=${ann}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax`)
})

test('issueCookie never writes a Max-Age that deletes', () => {
  assert.match(issueCookie(sid, ann, 0, false), /Max-Age=1;/)
})

test('clearCookie deletes with the attributes it was set with', () => {
  assert.equal(clearCookie(sid, true), '__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure')
  assert.equal(clearCookie(sid, false), 'sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
})

test('issueCookie writes SameSite, Domain and Partitioned as the policy says, and SameSite=None only when Secure', () => {
  const shape: CookieShape = { ...sid, sameSite: 'none', domain: 'shop.example', partitioned: true }
  assert.equal(
    issueCookie(shape, ann, 1_000, true),
    `__Secure-sid=${ann}; Path=/; Max-Age=1; HttpOnly; SameSite=None; Domain=shop.example; Secure; Partitioned`,
  )
  assert.equal(
    issueCookie(shape, ann, 1_000, false),
    `sid=${ann}; Path=/; Max-Age=1; HttpOnly; SameSite=Lax; Domain=shop.example`,
  )
  assert.match(issueCookie({ ...sid, sameSite: 'strict' }, ann, 1_000, false), /SameSite=Strict$/)
})

test('a session cookie stays far below the 4,096 bytes that browsers keep (RFC 6265bis section 5.6)', () => {
  const shape: CookieShape = { ...sid, cookieName: 'x'.repeat(64), domain: `${'d'.repeat(200)}.example` }
  assert.ok(issueCookie(shape, `${'t'.repeat(16)}.${ann}`, 400 * 86_400_000, true).length < 512)
})
