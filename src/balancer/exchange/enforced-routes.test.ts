import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EnforcedRoutes, mintKey } from './enforced-routes.ts'

const routes = new EnforcedRoutes([
  { path: '/orders' },
  { path: '/payments', methods: ['post', 'PROPFIND'], mint: true },
  { path: '/api/*' },
])

const matching: [string, string][] = [
  ['POST', '/orders'],
  ['PATCH', '/orders'],
  ['POST', '/orders?id=1&path=/../x'],
  ['POST', '/payments'],
  ['PROPFIND', '/payments'],
  ['POST', '/api/'],
  ['POST', '/api/orders'],
  ['POST', '/api/orders/17/items'],
  ['POST', '/api/orders/'],
  ['POST', '/api/...'],
  ['POST', '/api/.well-known/a.b..c'],
  ['POST', "/api/a-b_c~d!e$f&g'h(i)j*k+l,m=n:o@p"],
]

for (const [method, target] of matching) {
  test(`EnforcedRoutes.match finds the route of ${method} ${target}`, () => {
    assert.ok(routes.match(method, target) !== undefined)
  })
}

const others: [string, string][] = [
  ['PUT', '/orders'],
  ['post', '/orders'],
  ['PATCH', '/payments'],
  ['POST', '/orders/'],
  ['POST', '/orders/17'],
  ['POST', '/Orders'],
  ['POST', '/%6Frders'],
  ['POST', '/orders%20'],
  ['POST', '/orders%3Fx'],
  ['POST', '/orders;x=1'],
  ['POST', '/orders#x'],
  ['POST', '//orders'],
  ['POST', '/./orders'],
  ['POST', '/x/../orders'],
  ['POST', '/orders/.'],
  ['POST', '/orders/..'],
  ['POST', '\\orders'],
  ['POST', 'http://shop.example/orders'],
  ['POST', '*'],
  ['POST', ''],
  ['POST', '?/orders'],
  ['POST', '/api'],
  ['POST', '/API/orders'],
  ['POST', '/api//orders'],
  ['POST', '/api/./orders'],
  ['POST', '/api/../admin'],
  ['POST', '/api/..'],
  ['POST', '/api/.'],
  ['POST', '/api/%2e%2e/admin'],
  ['POST', '/api/.%2E/admin'],
  ['POST', '/api/a%2fb'],
  ['POST', '/api/a%5Cb'],
  ['POST', '/api/%252e%252e/admin'],
  ['POST', '/api/%61'],
  ['POST', '/api/..;/admin'],
  ['POST', '/api/..\\admin'],
  ['POST', '/api/a#/../b'],
  ['POST', '/%61pi/orders'],
  ['POST', '//api/orders'],
  ['POST', '/x/../api/orders'],
]

for (const [method, target] of others) {
  test(`EnforcedRoutes.match finds no route for ${method} "${target}"`, () => {
    assert.equal(routes.match(method, target), undefined)
  })
}

test('EnforcedRoutes.match takes the first route that matches', () => {
  const both = new EnforcedRoutes([
    { path: '/a/b', mint: true },
    { path: '/a/*', mint: false },
  ])
  assert.deepEqual([both.match('POST', '/a/b')?.mint, both.match('POST', '/a/c')?.mint], [true, false])
})

test('EnforcedRoutes.match knows a prefix of everything, and never the target * itself', () => {
  for (const path of ['/*', '*']) {
    const all = new EnforcedRoutes([{ path }])
    assert.ok(all.match('POST', '/') !== undefined && all.match('POST', '/a/b') !== undefined, path)
    assert.equal(all.match('POST', '*'), undefined)
    assert.equal(all.match('POST', '//a'), undefined)
  }
  assert.equal(new EnforcedRoutes([{ path: 'orders' }]).match('POST', 'orders'), undefined)
})

const license = (rawHeaders: string[], target = '/orders') =>
  routes.license({ method: 'POST', target, rawHeaders })

const usable: string[] = [
  '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
  '8e03978e-40d5-43dd-bc93-6894a57f9324',
  '  "a"\t',
  '"with \\"quotes\\" and \\\\"',
  '"a, b; c"',
  'bWludA==',
  `"${'x'.repeat(255)}"`,
  'x'.repeat(255),
]

for (const key of usable) {
  test(`EnforcedRoutes.license takes the key ${key.slice(0, 50)} (${key.length})`, () => {
    assert.equal(license(['Host', 'a', 'Idempotency-Key', key]), 'sent')
    assert.equal(license(['IDEMPOTENCY-KEY', key], '/payments'), 'sent')
  })
}

const unusable: [string, string[]][] = [
  ['is empty', ['Idempotency-Key', '']],
  ['is an empty string', ['Idempotency-Key', '""']],
  ['is blank', ['Idempotency-Key', '"  "']],
  ['is too long', ['Idempotency-Key', 'x'.repeat(256)]],
  ['is too long a string', ['Idempotency-Key', `"${'x'.repeat(256)}"`]],
  ['comes twice', ['Idempotency-Key', 'a', 'Idempotency-Key', 'b']],
  ['comes twice alike', ['Idempotency-Key', 'a', 'idempotency-key', 'a']],
  ['comes a second time, spelled for CGI', ['Idempotency-Key', 'a', 'Idempotency_Key', 'b']],
  ['is spelled for CGI', ['Idempotency_Key', 'a']],
  ['is a list', ['Idempotency-Key', 'a, b']],
  ['is a list of strings', ['Idempotency-Key', '"a", "b"']],
  ['has parameters', ['Idempotency-Key', '"a";b=1']],
  ['is never closed', ['Idempotency-Key', '"a']],
  ['has a stray escape', ['Idempotency-Key', '"a\\b"']],
  ['is not ASCII', ['Idempotency-Key', '"\u00e9"']],
  ['ends at this hop', ['Idempotency-Key', 'a', 'Connection', 'close, Idempotency-Key']],
]

for (const [what, rawHeaders] of unusable) {
  test(`EnforcedRoutes.license gives none for a key that ${what}, and mints none beside it`, () => {
    assert.equal(license(rawHeaders), 'none')
    assert.equal(license(rawHeaders, '/payments'), 'none')
  })
}

test('EnforcedRoutes.license mints where the route wants it and the client sent none', () => {
  assert.equal(license(['Host', 'a'], '/payments?x'), 'minted')
  assert.equal(license(['Host', 'a']), 'none')
  assert.equal(license(['Connection', 'idempotency-key'], '/payments'), 'none')
})

test('EnforcedRoutes.license takes no key on a route that does not enforce it', () => {
  assert.equal(license(['Idempotency-Key', 'a'], '/elsewhere'), 'none')
  const none = new EnforcedRoutes([])
  assert.equal(
    none.license({ method: 'POST', target: '/orders', rawHeaders: ['Idempotency-Key', 'a'] }),
    'none',
  )
})

test('mintKey makes a UUID of version 4 in quotes from 16 random bytes, which is a usable key', () => {
  const key = mintKey(Buffer.from('00112233445566778899aabbccddeeff', 'hex'))
  assert.equal(key, '"00112233-4455-4677-8899-aabbccddeeff"')
  assert.equal(mintKey(Buffer.alloc(16, 0xff)), '"ffffffff-ffff-4fff-bfff-ffffffffffff"')
  assert.equal(license(['Idempotency-Key', key]), 'sent')
  assert.throws(() => mintKey(Buffer.alloc(15)), RangeError)
})
