import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import { issuer, subscribed, testTokens } from '../../test/support/tokens.ts'

test('a token that was issued is verified, with its principal, claims, scopes and times', async () => {
  const { api, clock } = testTokens({ claims: v.object({ role: v.picklist(['admin', 'user']) }) })
  const pair = await api.issue('alice', { claims: { role: 'admin' }, scopes: ['read', 'write'] })
  const token = await api.verify(pair.accessToken, { scopes: ['write'] })
  const role: 'admin' | 'user' = token.claims.role
  assert.deepEqual([token.principal, role, token.scopes], ['alice', 'admin', ['read', 'write']])
  assert.equal(token.family, pair.family)
  assert.equal(token.expiresAt.getTime() - clock.now(), 300_000)
  assert.equal(token.authenticatedAt?.getTime(), clock.now())
})

test('a token is over after its time and the skew, and asks for a new one', async () => {
  const { api, clock } = testTokens({ skew: '5s' })
  const { accessToken } = await api.issue('alice')
  clock.advance(304_999)
  await api.verify(accessToken)
  clock.advance(1)
  await assert.rejects(api.verify(accessToken), { code: 'TOKEN_EXPIRED', status: 401 })
})

test('what stays open is asked again of its time, its revocation and its key', async () => {
  const { api, clock } = testTokens()
  const [phone, laptop] = [await api.issue('alice'), await api.issue('alice')]
  const [ofPhone, ofLaptop] = [api.recheck(phone.accessToken), api.recheck(laptop.accessToken)]
  for (let look = 0; look < 2; look += 1) {
    await ofPhone()
    await ofLaptop()
  }
  await api.revoke(phone)
  await assert.rejects(ofPhone(), { code: 'TOKEN_REVOKED' })
  await ofLaptop()
  await api.rotateKeys({ dropOthers: true })
  await assert.rejects(ofLaptop(), { code: 'TOKEN_INVALID' })
  const ofFresh = api.recheck((await api.issue('alice')).accessToken)
  await ofFresh()
  clock.advance(305_000)
  await assert.rejects(ofFresh(), { code: 'TOKEN_EXPIRED' })
})

test('who is asked again is asked for a signature first, whatever was asked of others', async () => {
  const { api } = testTokens()
  const { accessToken } = await api.issue('alice')
  await api.recheck(accessToken)()
  const forged = api.recheck(`${accessToken.split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`)
  for (let look = 0; look < 2; look += 1) await assert.rejects(forged(), { code: 'TOKEN_INVALID' })
})

test('a scope that is missing is 403, and named to the client (RFC 6750)', async () => {
  const { api } = testTokens()
  const { accessToken } = await api.issue('alice', { scopes: ['read'] })
  await assert.rejects(api.verify(accessToken, { scopes: ['read', 'pay'] }), {
    code: 'TOKEN_SCOPE_MISSING',
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="read pay"' },
  })
})

test('a route can ask for a sign-in that is not long ago', async () => {
  const { api, clock } = testTokens()
  const pair = await api.issue('alice')
  clock.advance(120_000)
  const refreshed = await api.refresh(pair.refreshToken)
  await api.verify(refreshed.accessToken, { signedInWithin: '2m' })
  await assert.rejects(api.verify(refreshed.accessToken, { signedInWithin: '1m' }), { code: 'TOKEN_EXPIRED' })
})

test('claims that do not fit are not issued, nor those that tokens reserve, nor tokens that are too large', async () => {
  const { api } = testTokens({ claims: v.looseObject({ role: v.picklist(['user', 'root-of-all']) }) })
  const { api: loose } = testTokens()
  const wrong = { role: 'root' } as unknown as { role: 'user' }
  await assert.rejects(api.issue('alice', { claims: wrong }), { code: 'TOKEN_CLAIMS_INVALID' })
  for (const claims of [{ sub: 'bob' }, { exp: 1 }, { mark: 7 }])
    await assert.rejects(loose.issue('alice', { claims }), { code: 'TOKEN_CLAIMS_INVALID' })
  await assert.rejects(loose.issue('alice', { scopes: ['two words'] }), { code: 'TOKEN_CLAIMS_INVALID' })
  const claims = { bio: 'x'.repeat(5_000) }
  await assert.rejects(loose.issue('alice', { claims }), { code: 'TOKEN_TOO_LARGE' })
})

test('tokens are issued and checked with each algorithm', async () => {
  for (const algorithm of ['EdDSA', 'ES256', 'HS256'] as const) {
    const { api } = testTokens({ algorithm })
    const { accessToken } = await api.issue('alice')
    const header = JSON.parse(String(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url'))) as object
    assert.deepEqual(Object.keys(header), ['alg', 'kid', 'typ'])
    assert.equal((await api.verify(accessToken)).principal, 'alice')
  }
})

test('a refresh gives the next tokens, and the claims and scopes of the sign-in', async () => {
  const { api, clock } = testTokens({ claims: v.object({ role: v.string() }) })
  const first = await api.issue('alice', { claims: { role: 'admin' }, scopes: ['read'] })
  clock.advance(200_000)
  const second = await api.refresh(first.refreshToken)
  assert.notEqual(second.refreshToken, first.refreshToken)
  assert.equal(second.family, first.family)
  const token = await api.verify(second.accessToken, { scopes: ['read'] })
  assert.equal(token.claims.role, 'admin')
  assert.equal(token.expiresAt.getTime() - clock.now(), 300_000)
})

test('onRefresh changes what the next access token says', async () => {
  const { api } = testTokens({
    claims: v.object({ role: v.string() }),
    onRefresh: async ({ principal }) => ({ claims: { role: `demoted ${principal}` }, scopes: [] }),
  })
  const pair = await api.issue('alice', { claims: { role: 'admin' }, scopes: ['pay'] })
  const token = await api.verify((await api.refresh(pair.refreshToken)).accessToken)
  assert.deepEqual([token.claims.role, token.scopes], ['demoted alice', []])
})

test('racers in grace get the same successor', async () => {
  const { api, other } = testTokens()
  const { refreshToken } = await api.issue('alice')
  const racers = await Promise.all(
    Array.from({ length: 16 }, (_, at) => (at % 2 === 0 ? api : other()).refresh(refreshToken)),
  )
  assert.equal(new Set(racers.map((pair) => pair.refreshToken)).size, 1)
  for (const { accessToken } of racers) await api.verify(accessToken)
})

test('a replay after the grace revokes the family on every instance, and is told', async () => {
  const { api, clock, other } = testTokens()
  const events = subscribed('drover:token:replayed')
  const first = await api.issue('alice')
  const second = await api.refresh(first.refreshToken)
  clock.advance(30_001)
  await assert.rejects(other().refresh(first.refreshToken), { code: 'TOKEN_REPLAYED', status: 401 })
  assert.deepEqual(events(), [{ family: first.family, principal: 'alice' }])
  await assert.rejects(api.verify(second.accessToken), { code: 'TOKEN_REVOKED' })
  await assert.rejects(api.refresh(second.refreshToken), { code: 'TOKEN_REVOKED' })
})

test('a token two generations old is a replay at once, grace or not', async () => {
  const { api } = testTokens()
  const first = await api.issue('alice')
  const second = await api.refresh(first.refreshToken)
  await api.refresh(second.refreshToken)
  await assert.rejects(api.refresh(first.refreshToken), { code: 'TOKEN_REPLAYED' })
})

test('a refresh token cannot be made, changed, or used as an access token', async () => {
  const { api } = testTokens()
  const { refreshToken = '', accessToken, family } = await api.issue('alice')
  const wrong = [
    undefined,
    '',
    accessToken,
    refreshToken.slice(0, -1),
    refreshToken.replace('.1.', '.2.'),
    refreshToken.replace(family, `${family.slice(0, 17)}${'A'.repeat(32)}`),
  ]
  for (const text of wrong) await assert.rejects(api.refresh(text), { code: 'TOKEN_INVALID' }, String(text))
  await assert.rejects(api.verify(refreshToken), { code: 'TOKEN_INVALID' })
  await api.refresh(refreshToken)
})

test('a refresh token of a secret that this instance lacks is 503, not a sign-out (R6)', async () => {
  const { other, api } = testTokens()
  const stranger = other({ secrets: [Buffer.alloc(32, 9).toString('base64')] })
  const { refreshToken } = await api.issue('alice')
  await assert.rejects(stranger.refresh(refreshToken), { code: 'KEY_UNKNOWN', status: 503 })
  await api.refresh(refreshToken)
})

test('revoke ends one family on every instance, and no other', async () => {
  const { api, other } = testTokens()
  const [phone, laptop] = [await api.issue('alice'), await api.issue('alice')]
  const server = other()
  await server.verify(phone.accessToken)
  await api.revoke(phone)
  for (const one of [api, server]) {
    await assert.rejects(one.verify(phone.accessToken), { code: 'TOKEN_REVOKED' })
    await assert.rejects(one.refresh(phone.refreshToken), { code: 'TOKEN_REVOKED' })
    await one.verify(laptop.accessToken)
  }
})

test('revokeAll ends every family of a principal but the excepted one, and no later sign-in', async () => {
  const { api, other } = testTokens()
  const [phone, laptop, bob] = [await api.issue('alice'), await api.issue('alice'), await api.issue('bob')]
  const server = other()
  await server.revokeAll('alice', { except: await server.verify(laptop.accessToken) })
  const later = await api.issue('alice')
  for (const one of [api, server]) {
    await assert.rejects(one.verify(phone.accessToken), { code: 'TOKEN_REVOKED' })
    for (const { accessToken } of [laptop, bob, later]) await one.verify(accessToken)
  }
  await assert.rejects(api.refresh(phone.refreshToken), { code: 'TOKEN_REVOKED' })
  await api.verify((await api.refresh(laptop.refreshToken)).accessToken)
  await api.revokeAll('alice')
  for (const { accessToken } of [laptop, later])
    await assert.rejects(api.verify(accessToken), { code: 'TOKEN_REVOKED' })
})

test('an instance that starts later learns what was revoked before', async () => {
  const { api, other } = testTokens()
  const pair = await api.issue('alice')
  await api.revoke(pair)
  const late = other()
  await late.ready()
  await assert.rejects(late.verify(pair.accessToken), { code: 'TOKEN_REVOKED' })
})

test('an outage is 503 and neither a refusal nor a sign-out', async () => {
  const { api } = testTokens()
  const { refreshToken } = await api.issue('alice')
  await api.close()
  await assert.rejects(api.refresh(refreshToken), { code: 'STORE_UNAVAILABLE', status: 503 })
  await assert.rejects(api.issue('alice'), { code: 'STORE_UNAVAILABLE' })
})

test('without refresh tokens a sign-in is its access token, and can be revoked', async () => {
  const { api } = testTokens({ refresh: false, access: '10m' })
  const pair = await api.issue('alice')
  assert.equal(pair.refreshToken, undefined)
  await api.verify(pair.accessToken)
  await api.revokeAll('alice')
  await assert.rejects(api.verify(pair.accessToken), { code: 'TOKEN_REVOKED' })
})

test('a family ends at its absolute deadline, and no access token outlives it', async () => {
  const { api, clock } = testTokens({ refresh: '10m', absolute: '15m', access: '5m' })
  let pair = await api.issue('alice')
  for (const _ of [1, 2]) {
    clock.advance(420_000)
    pair = await api.refresh(pair.refreshToken)
  }
  assert.equal(pair.accessExpiresAt.getTime() - clock.now(), 60_000)
  clock.advance(60_000)
  await assert.rejects(api.refresh(pair.refreshToken), { code: 'TOKEN_REVOKED' })
})

test('the fingerprint is the same on instances that agree, and differs with issuer, secrets or ring', async () => {
  const { api, other } = testTokens()
  const same = await other().fingerprint()
  assert.equal(await api.fingerprint(), same)
  const others = [other({ issuer: 'https://other.example' }), testTokens().api]
  for (const one of others) assert.notEqual(await one.fingerprint(), same)
  assert.ok(!same.includes(issuer) || same.length < 200)
})
