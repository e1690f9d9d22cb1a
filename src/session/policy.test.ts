import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../base/errors.ts'
import { isSecure, readPolicy } from './policy.ts'

test('readPolicy fills in the documented defaults', () => {
  assert.deepEqual(readPolicy({}), {
    idleMs: 86_400_000,
    absoluteMs: 2_592_000_000,
    renewalGraceMs: 30_000,
    cookieName: 'sid',
    sameSite: 'lax',
    domain: undefined,
    partitioned: false,
    secure: 'auto',
    maxBytes: 65_536,
    csrf: 'origin',
    trustedOrigins: new Set(),
  })
  assert.ok(Object.isFrozen(readPolicy({ idle: '5m' })))
})

test('readPolicy refuses a bad option by name and value', () => {
  const cases: readonly [Readonly<Record<string, unknown>>, RegExp][] = [
    [{ idle: 'soon' }, /Cannot use idle "soon": wanted a duration/],
    [{ idle: 0 }, /Cannot use idle 0/],
    [{ absolute: -1 }, /Cannot use absolute -1/],
    [{ idle: '31d' }, /Cannot use idle "31d": wanted at most absolute, which is "30d"/],
    [{ cookieName: '' }, /Cannot use cookieName ""/],
    [{ cookieName: 'a b' }, /Cannot use cookieName "a b"/],
    [{ cookieName: '__Host-sid' }, /Cannot use cookieName "__Host-sid"/],
    [{ secure: 'yes' }, /Cannot use secure "yes": wanted "auto", true or false/],
    [{ absolute: '401d' }, /Cannot use absolute "401d": wanted at most "400d"/],
    [{ renewalGrace: -1 }, /Cannot use renewalGrace -1/],
    [{ sameSite: 'Lax' }, /Cannot use sameSite "Lax": wanted "lax", "strict" or "none"/],
    [{ domain: 'https://shop.example' }, /Cannot use domain .*: wanted a domain such as "example.com"/],
    [{ domain: 'a.b; Path=/x' }, /Cannot use domain/],
    [{ partitioned: 1 }, /Cannot use partitioned 1: wanted true or false/],
    [{ csrf: true }, /Cannot use csrf true: wanted "origin", "token" or false/],
    [{ trustedOrigins: ['https://shop.example/'] }, /Cannot use trustedOrigins "https:\/\/shop.example\/"/],
    [{ trustedOrigins: '*' }, /Cannot use trustedOrigins "\*"/],
    [{ maxBytes: 1.5 }, /Cannot use maxBytes 1.5/],
  ]
  for (const [options, message] of cases) {
    assert.throws(
      () => readPolicy(options),
      (error) => isDroverError(error, 'OPTION_INVALID') && message.test(error.message),
      JSON.stringify(options),
    )
  }
})

test('isSecure believes X-Forwarded-Proto only behind the balancer, and there the leftmost', () => {
  const plain = { encrypted: false, forwardedProto: undefined }
  const forwarded = { encrypted: false, forwardedProto: 'HTTPS, http' }
  assert.equal(isSecure('auto', plain, true), false)
  assert.equal(isSecure('auto', { ...plain, encrypted: true }, false), true)
  assert.equal(isSecure('auto', forwarded, false), false)
  assert.equal(isSecure('auto', forwarded, true), true)
  assert.equal(isSecure('auto', { ...plain, forwardedProto: 'http, https' }, true), false)
  assert.equal(isSecure(true, plain, false), true)
  assert.equal(isSecure(false, { ...forwarded, encrypted: true }, true), false)
})
