import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import * as v from 'valibot'
import { audience, issuer, testTokens } from '../../test/support/tokens.ts'
import { tokenVerifier } from './verifier.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A service that answers with a JWKS, or whatever the test says. */
async function jwksServer(answer: () => Promise<Answer>) {
  let fetches = 0
  const server = createServer((_req, res) => {
    fetches += 1
    void answer().then(({ status, headers, body }) => res.writeHead(status, headers).end(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    fetches: () => fetches,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('a second service verifies by the address of the JWKS alone, and fetches it once', async () => {
  const { api, clock } = testTokens({ claims: v.object({ role: v.string() }) })
  const server = await jwksServer(() => api.jwks())
  try {
    const verifier = tokenVerifier({
      jwksUrl: server.url,
      issuer,
      audience,
      clock,
      claims: v.object({ role: v.string() }),
    })
    const { accessToken, family } = await api.issue('alice', { claims: { role: 'admin' }, scopes: ['read'] })
    const tokens = await Promise.all(
      Array.from({ length: 9 }, () => verifier.verify(accessToken, { scopes: ['read'] })),
    )
    assert.deepEqual(
      [tokens[0]?.principal, tokens[0]?.claims.role, tokens[0]?.family],
      ['alice', 'admin', family],
    )
    assert.equal(server.fetches(), 1)
    await assert.rejects(verifier.verify(accessToken, { scopes: ['pay'] }), { code: 'TOKEN_SCOPE_MISSING' })
    const elsewhere = tokenVerifier({ jwksUrl: server.url, issuer, audience: 'https://else.example', clock })
    await assert.rejects(elsewhere.verify(accessToken), { code: 'TOKEN_INVALID' })
  } finally {
    await server.stop()
  }
})

test('the JWKS holds public keys only, and may be cached for half of the propagation', async () => {
  const { api } = testTokens({ propagation: '10m', algorithm: 'ES256' })
  const { headers, body } = await api.jwks()
  const { keys } = JSON.parse(body) as { keys: object[] }
  assert.deepEqual(
    keys.map((key) => Object.keys(key).toSorted()),
    [['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  )
  assert.match(headers['cache-control'] ?? '', /^public, max-age=300, stale-while-revalidate=300/)
  assert.equal(headers['content-type'], 'application/jwk-set+json')
  assert.equal((await api.jwks()).headers['etag'], headers['etag'])
  const symmetric = await testTokens({ algorithm: 'HS256' }).api.jwks()
  assert.equal(symmetric.body, '{"keys":[]}')
})

test('a rotation fails no token of a verifier, which learns the new key when it meets it', async () => {
  const { api, clock } = testTokens({ propagation: '10m' })
  const server = await jwksServer(() => api.jwks())
  try {
    const verifier = tokenVerifier({ jwksUrl: server.url, issuer, audience, clock })
    await verifier.verify((await api.issue('alice')).accessToken)
    await api.rotateKeys()
    clock.advance(600_000)
    await verifier.verify((await api.issue('alice')).accessToken)
    assert.equal(server.fetches(), 2)
  } finally {
    await server.stop()
  }
})

test('tokens with unknown kids cause one fetch in five seconds, however many they are', async () => {
  const { api, clock } = testTokens()
  const server = await jwksServer(() => api.jwks())
  try {
    const verifier = tokenVerifier({ jwksUrl: server.url, issuer, audience, clock })
    const { accessToken } = await api.issue('alice')
    await verifier.verify(accessToken)
    const [, ...rest] = accessToken.split('.')
    clock.advance(5_000)
    for (let at = 0; at < 50; at += 1) {
      const head = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: `no-${at}`, typ: 'at+jwt' }))
      const token = [head.toString('base64url'), ...rest].join('.')
      await assert.rejects(verifier.verify(token), { code: 'TOKEN_INVALID' })
    }
    assert.equal(server.fetches(), 2)
  } finally {
    await server.stop()
  }
})

test('while the issuer is down its keys are believed for a day; before they are known it is 503', async () => {
  const { api, clock } = testTokens({ access: '1d' })
  const server = await jwksServer(() => api.jwks())
  const settings = { jwksUrl: server.url, issuer, audience, clock, onError: () => undefined }
  const verifier = tokenVerifier(settings)
  const first = await api.issue('alice')
  await verifier.verify(first.accessToken)
  await server.stop()
  clock.advance(86_000_000)
  await verifier.verify(first.accessToken)
  const { accessToken } = await api.issue('alice')
  clock.advance(400_001)
  await assert.rejects(verifier.verify(accessToken), { code: 'KEYS_UNAVAILABLE', status: 503 })
  await assert.rejects(tokenVerifier(settings).verify(accessToken), { code: 'KEYS_UNAVAILABLE' })
})

test('an answer that is no JWKS, redirects, or is too large brings no key', async () => {
  const { api, clock } = testTokens()
  const { accessToken } = await api.issue('alice')
  const good = await api.jwks()
  const answers: readonly Answer[] = [
    { status: 404, headers: {}, body: good.body },
    { status: 302, headers: { location: 'https://evil.example/jwks' }, body: '' },
    { status: 200, headers: {}, body: '{"keys":7}' },
    { status: 200, headers: {}, body: 'no JSON' },
    { status: 200, headers: {}, body: `${good.body}${' '.repeat(70_000)}` },
  ]
  for (const answer of answers) {
    const server = await jwksServer(async () => answer)
    try {
      const verifier = tokenVerifier({ jwksUrl: server.url, issuer, audience, clock })
      await assert.rejects(verifier.verify(accessToken), { code: 'KEYS_UNAVAILABLE' })
    } finally {
      await server.stop()
    }
  }
})

test('keys of a JWKS count for their own algorithm, and secrets in it for none', async () => {
  const { api, clock } = testTokens()
  const { accessToken } = await api.issue('alice')
  const { keys } = JSON.parse((await api.jwks()).body) as { keys: object[] }
  const changes = [
    { alg: 'ES256' },
    { use: 'enc' },
    { kid: undefined },
    { kty: 'oct', k: 'AAAA', alg: 'HS256' },
  ]
  for (const change of changes) {
    const body = JSON.stringify({ keys: keys.map((key) => Object.assign({}, key, change)) })
    const server = await jwksServer(async () => ({ status: 200, headers: {}, body }))
    try {
      const verifier = tokenVerifier({ jwksUrl: server.url, issuer, audience, clock })
      await assert.rejects(verifier.verify(accessToken), { code: 'TOKEN_INVALID' }, JSON.stringify(change))
    } finally {
      await server.stop()
    }
  }
})

test('with the issuer’s store a verifier refuses what the issuer revokes', async () => {
  const { api, clock, newStore } = testTokens()
  const server = await jwksServer(() => api.jwks())
  try {
    const verifier = tokenVerifier({ jwksUrl: server.url, issuer, audience, clock, store: newStore() })
    const pair = await api.issue('alice')
    await verifier.verify(pair.accessToken)
    await api.revoke(pair)
    await assert.rejects(verifier.verify(pair.accessToken), { code: 'TOKEN_REVOKED' })
    await verifier.close()
  } finally {
    await server.stop()
  }
})

test('options are checked at once, by name', () => {
  const good = { jwksUrl: 'https://shop.example/jwks', issuer, audience }
  const wrong = [
    { ...good, jwksUrl: 'http://shop.example/jwks' },
    { ...good, jwksUrl: 'nowhere' },
    { ...good, audience: [] },
    { ...good, issuer: '' },
    { ...good, skew: '1d' as const },
    { ...good, algorithms: [] },
  ]
  for (const options of wrong) assert.throws(() => tokenVerifier(options), { code: 'OPTION_INVALID' })
  const { other } = testTokens()
  const unfit = [
    { access: '2d' },
    { refresh: '1m' },
    { refresh: '100d' },
    { absolute: '401d' },
    { maxBytes: 7 },
    { audience: [] },
    { whenCut: { acceptFor: '0s' } },
    { secrets: ['short'] },
    { mostRevocations: 0 },
  ] as const
  for (const options of unfit)
    assert.throws(() => other(options), { code: 'OPTION_INVALID' }, JSON.stringify(options))
})
