import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearCookie, issueCookie, sessionIdIn, wireName } from './cookie.ts'

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

test('wireName takes the __Host- prefix on a secure connection only', () => {
  assert.equal(wireName('sid', true), '__Host-sid')
  assert.equal(wireName('sid', false), 'sid')
})

test('issueCookie has every attribute the __Host- prefix demands, and no Domain', () => {
  assert.equal(
    issueCookie('sid', ann, 1_500, true),
    `__Host-sid=${ann}; Path=/; Max-Age=2; HttpOnly; SameSite=Lax; Secure`,
  )
  assert.equal(
    issueCookie('sid', ann, 60_000, false),
    `sid=${ann}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax`,
  )
})

test('issueCookie never writes a Max-Age that deletes', () => {
  assert.match(issueCookie('sid', ann, 0, false), /Max-Age=1;/)
})

test('clearCookie deletes with the attributes it was set with', () => {
  assert.equal(clearCookie('sid', true), '__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure')
  assert.equal(clearCookie('sid', false), 'sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
})
