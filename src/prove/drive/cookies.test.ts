import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CookieJar } from './cookies.ts'

const now = Date.UTC(2026, 0, 1)

function jarOf(...lines: readonly string[]): CookieJar {
  const jar = new CookieJar()
  jar.store(lines, '/shop/cart', now)
  return jar
}

it('carries cookies of a domain and secure ones to where it is sent', () => {
  assert.equal(jarOf('sid=a; Domain=shop.example; Secure; HttpOnly; Path=/').header('/', now), 'sid=a')
})

it('keeps to paths, the longest first, and to the folder of the request where none is said', () => {
  const jar = jarOf('a=1; Path=/', 'b=2; Path=/shop', 'c=3')
  assert.equal(jar.header('/shop/x', now), 'b=2; c=3; a=1')
  assert.equal(jar.header('/shopping', now), 'a=1')
})

it('forgets at Max-Age before Expires, and what is taken away', () => {
  const jar = jarOf(
    'a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'b=2; Path=/',
    'c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  )
  jar.store(['b=; Path=/; Max-Age=0'], '/', now)
  assert.equal(jar.header('/shop/cart', now), 'a=1')
  assert.equal(jar.header('/shop/cart', now + 11_000), undefined)
})

it('what the flow sends itself stands before what was set', () => {
  assert.equal(jarOf('a=1; Path=/', 'b=2; Path=/').header('/', now, 'a=own'), 'a=own; b=2')
})
