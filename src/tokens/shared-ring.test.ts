import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testTokens } from '../../test/support/tokens.ts'
import { ringWork, signingKeyOf } from './ring-plan.ts'
import type { RingKey } from './ring-record.ts'

const minuteMs = 60_000
const dayMs = 1_440 * minuteMs

interface PublicKeys {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

async function kids(api: { jwks: () => Promise<{ body: string }> }): Promise<readonly unknown[]> {
  return (JSON.parse((await api.jwks()).body) as PublicKeys).keys.map(({ kid }) => kid)
}

function kidOf(token: string): unknown {
  return (JSON.parse(String(Buffer.from(token.split('.')[0] ?? '', 'base64url'))) as { kid: unknown }).kid
}

test('eight instances that start at the same moment make one ring', async () => {
  const { other } = testTokens()
  const servers = Array.from({ length: 8 }, () => other())
  const pairs = await Promise.all(servers.map((server) => server.issue('alice')))
  assert.equal(new Set(pairs.map(({ accessToken }) => kidOf(accessToken))).size, 1)
  assert.equal(new Set(await Promise.all(servers.map((server) => server.fingerprint()))).size, 1)
  for (const server of servers) for (const { accessToken } of pairs) await server.verify(accessToken)
})

test('private keys rest encrypted: the store never has one in plain', async () => {
  for (const algorithm of ['EdDSA', 'ES256', 'HS256'] as const) {
    const { api, store } = testTokens({ algorithm })
    await api.ready()
    const text = (await store.loadKeys('main'))?.text ?? ''
    assert.ok(text.includes('"sealed"') && !/"[dk]":/.test(text), text)
  }
})

test('an instance with other secrets cannot open the ring, says which it lacks, and is not taken for a sign-out', async () => {
  const { api, other } = testTokens()
  const { accessToken } = await api.issue('alice')
  const stranger = other({ secrets: [Buffer.alloc(32, 9).toString('base64')] })
  await assert.rejects(stranger.verify(accessToken), { code: 'KEY_UNKNOWN', status: 503 })
  await assert.rejects(stranger.issue('alice'), { code: 'KEY_UNKNOWN' })
})

test('secrets change without a flag day: the new one is added, then comes first', async () => {
  const [one, two] = [Buffer.alloc(32, 7).toString('base64'), Buffer.alloc(32, 8).toString('base64')]
  const { api, other } = testTokens()
  const before = await api.issue('alice')
  const [prepared, changed] = [other({ secrets: [one, two] }), other({ secrets: [two, one] })]
  const after = await changed.refresh((await prepared.refresh(before.refreshToken)).refreshToken)
  await prepared.verify(after.accessToken)
  await prepared.refresh(after.refreshToken)
})

test('a damaged ring is an outage, and no other is made in its place', async () => {
  const { other, memory } = testTokens()
  memory.rings.set('main', { version: 3, text: '{"format":1}' })
  await assert.rejects(other().issue('alice'), { code: 'STORE_UNAVAILABLE' })
  assert.equal(memory.rings.get('main')?.version, 3)
})

test('a store that was emptied gets a new ring, and instances that knew the former one go over to it', async () => {
  const { api, clock, other, memory } = testTokens({ propagation: '10m' })
  const former = await api.issue('alice')
  memory.rings.clear()
  const server = other()
  await server.ready()
  clock.advance(601_000)
  const { accessToken } = await api.issue('alice')
  await server.verify(accessToken)
  await assert.rejects(server.verify(former.accessToken), { code: 'TOKEN_INVALID' })
})

test('a new key is published before it signs, and the former one verifies until its last token is over', async () => {
  const { api, clock, other } = testTokens({ propagation: '10m', rotate: '30d' })
  const first = kidOf((await api.issue('alice')).accessToken)
  clock.advance(30 * dayMs)
  const server = other()
  await server.ready()
  const published = await kids(server)
  assert.deepEqual([published.length, published[1]], [2, first])
  assert.equal(kidOf((await server.issue('alice')).accessToken), first)
  clock.advance(10 * minuteMs)
  const last = await server.issue('alice')
  assert.equal(kidOf(last.accessToken), published[0])
  // The instance that did not look since knows the new key when it meets it.
  await api.verify(last.accessToken)
  clock.advance(71 * minuteMs)
  await other().ready()
  assert.deepEqual(await kids(other()), [published[0]])
})

test('no token fails during rotations, whichever instance issues and verifies', async () => {
  const { clock, other } = testTokens({ propagation: '8m', rotate: '20m', access: '5m' })
  const servers = [other(), other(), other()]
  const seen = new Set<unknown>()
  let issued: string[] = []
  for (let turn = 0; turn < 50; turn += 1) {
    clock.advance(2 * minuteMs)
    const issuing = servers[turn % 3]
    if (issuing === undefined) continue
    const { accessToken } = await issuing.issue('alice')
    seen.add(kidOf(accessToken))
    issued = [...issued.slice(-1), accessToken]
    for (const token of issued) for (const server of servers) await server.verify(token)
  }
  assert.ok(seen.size >= 3, `${seen.size} keys signed`)
})

test('rotateKeys drops a leaked key at once: its tokens are refused, and refresh gives new ones', async () => {
  const { api, clock, other } = testTokens()
  const { accessToken, refreshToken } = await api.issue('alice')
  const server = other()
  await server.verify(accessToken)
  await server.rotateKeys({ dropOthers: true })
  await assert.rejects(server.verify(accessToken), { code: 'TOKEN_INVALID' })
  const pair = await server.refresh(refreshToken)
  clock.advance(1_000)
  await api.verify(pair.accessToken)
  await assert.rejects(api.verify(accessToken), { code: 'TOKEN_INVALID' })
})

test('while the store is down, an instance that has the ring goes on verifying', async () => {
  const { api, other, newStore } = testTokens()
  const store = newStore()
  const server = other({ store, whenCut: { acceptFor: '1m' } })
  const { accessToken } = await api.issue('alice')
  await server.verify(accessToken)
  await store.close()
  await server.verify(accessToken)
})

test('what is due of a ring is decided by its keys and the time', () => {
  const policy = { rotateMs: 1_000, propagationMs: 100, overlapMs: 300 }
  const key = (kid: string, createdAtMs: number, signsFromMs: number): RingKey => {
    return { kid, alg: 'EdDSA', createdAtMs, signsFromMs, publicJwk: undefined, sealed: '' }
  }
  const [one, two] = [key('one', 0, 0), key('two', 1_000, 1_100)]
  const kidsOf = (keys: readonly RingKey[] = []) => keys.map(({ kid }) => kid)
  const record = (...keys: readonly RingKey[]) => ({ id: 'ring', keys })
  assert.deepEqual(ringWork(record(), policy, 0), { wantsKey: true, keys: [] })
  assert.equal(ringWork(record(one), policy, 999), undefined)
  assert.equal(ringWork(record(one), policy, 1_000)?.wantsKey, true)
  assert.equal(ringWork(record(one, two), policy, 1_399), undefined)
  assert.deepEqual(kidsOf(ringWork(record(one, two), policy, 1_400)?.keys), ['two'])
  assert.deepEqual(
    [0, 1_099, 1_100].map((nowMs) => signingKeyOf(record(one, two), nowMs)?.kid),
    ['one', 'one', 'two'],
  )
})

test('a ring that is rotated faster than its tokens end is bounded: the next key waits', async () => {
  const { api, clock, other } = testTokens({ propagation: '1s', rotate: '1s' })
  for (let count = 0; count < 60; count += 1) {
    await api.verify((await api.issue('alice')).accessToken)
    clock.advance(1_001)
  }
  assert.equal((await kids(api)).length, 48)
  await assert.rejects(api.rotateKeys(), { code: 'OPTION_INVALID', message: /48 of them/ })
  clock.advance(3_700_000)
  await other().verify((await api.issue('alice')).accessToken)
  assert.ok((await kids(api)).length < 10)
  await api.rotateKeys({ dropOthers: true })
  assert.equal((await kids(api)).length, 1)
})

test('keys can be given by the environment, a file, a list or a hook; the first one signs, all verify', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-tokens-'))
  try {
    const jwks = [1, 2].map((at) => {
      const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
      return Object.assign(jwk, { kty: 'OKP', kid: `key-${at}` })
    })
    const text = JSON.stringify({ keys: jwks })
    writeFileSync(join(folder, 'keys.json'), text)
    process.env['TEST_TOKEN_KEYS'] = text
    const { other } = testTokens()
    const sources = [
      'env:TEST_TOKEN_KEYS',
      `file:${join(folder, 'keys.json')}`,
      jwks,
      async () => jwks,
    ] as const
    const servers = sources.map((keys) => other({ keys }))
    for (const issuing of servers) {
      const { accessToken } = await issuing.issue('alice')
      assert.equal(kidOf(accessToken), 'key-1')
      for (const server of servers) await server.verify(accessToken)
    }
    assert.equal(new Set(await Promise.all(servers.map((server) => server.fingerprint()))).size, 1)
    const rotated = other({ keys: jwks.toReversed() })
    await rotated.verify((await servers[0]?.issue('alice'))?.accessToken)
    assert.notEqual(await rotated.fingerprint(), await servers[0]?.fingerprint())
  } finally {
    delete process.env['TEST_TOKEN_KEYS']
    rmSync(folder, { recursive: true })
  }
})

test('a key management service signs with a key that stays there', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { sign } = await import('node:crypto')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kty: 'OKP', kid: 'kms' }
  const { other } = testTokens()
  const api = other({ keys: [{ jwk, sign: async (input: Uint8Array) => sign(null, input, privateKey) }] })
  await api.verify((await api.issue('alice')).accessToken)
  assert.deepEqual(await kids(api), ['kms'])
})

test('a hook that fails is 503, and keys that are none are refused by name', async () => {
  const { other } = testTokens()
  const failing = other({ keys: () => Promise.reject(new Error('no network')) })
  await assert.rejects(failing.issue('alice'), { code: 'KEYS_UNAVAILABLE', status: 503 })
  for (const keys of ['env:TEST_NOTHING', 'file:/does/not/exist'] as const)
    assert.throws(() => other({ keys }), { code: 'OPTION_INVALID' })
  await assert.rejects(other({ keys: [] }).issue('alice'), { code: 'OPTION_INVALID' })
  await assert.rejects(failing.rotateKeys(), { code: 'OPTION_INVALID' })
})
