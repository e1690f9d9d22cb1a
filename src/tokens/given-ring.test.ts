import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { test } from 'node:test'
import type { JWK } from 'jose'
import { testTokens } from '../../test/support/tokens.ts'

function newJwk(kid: string): JWK {
  return { ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kty: 'OKP', kid }
}

test('keys that only have one name differ by their fingerprint (R6)', async () => {
  const secret = (): JWK => ({ kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'main' })
  const { other } = testTokens()
  const servers = [
    other({ keys: [newJwk('main')] }),
    other({ keys: [newJwk('main')] }),
    other({ keys: [secret()], algorithm: 'HS256' }),
    other({ keys: [secret()], algorithm: 'HS256' }),
  ]
  const fingerprints = await Promise.all(servers.map((server) => server.fingerprint()))
  assert.equal(new Set(fingerprints).size, servers.length)
})

test('a key whose halves do not belong together, or lie on no curve, is refused when it is given', async () => {
  const { other } = testTokens()
  for (const algorithm of ['EdDSA', 'ES256'] as const) {
    const newPair = () =>
      algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const [mine, another] = [newPair(), newPair()]
    const jwk = mine.privateKey.export({ format: 'jwk' })
    const named = { ...jwk, kty: jwk.kty ?? '', kid: 'one' }
    await other({ keys: [named], algorithm }).issue('alice')
    const y = Buffer.from(jwk.y ?? '', 'base64url').map((byte, at) => (at === 31 ? byte ^ 1 : byte))
    const changes = [
      another.publicKey.export({ format: 'jwk' }),
      ...(algorithm === 'ES256' ? [{ y: Buffer.from(y).toString('base64url') }] : []),
    ]
    for (const change of changes)
      await assert.rejects(other({ keys: [{ ...named, ...change }], algorithm }).issue('alice'), {
        code: 'OPTION_INVALID',
      })
  }
})

test('a hook is asked again for a key that a token names and nobody knows, once a second at most', async () => {
  const [first, second] = [newJwk('first'), newJwk('second')]
  let keys: readonly JWK[] = [first]
  let asked = 0
  const { other, clock } = testTokens()
  const server = other({
    keys: async () => {
      asked += 1
      return keys
    },
  })
  const ahead = other({ keys: [second, first] })
  await server.ready()
  const { accessToken } = await ahead.issue('alice')
  keys = [second, first]
  clock.advance(1_000)
  await server.verify(accessToken)
  assert.equal(asked, 2)
  const stranger = await other({ keys: [newJwk('third')] }).issue('mallory')
  for (let count = 0; count < 10; count += 1)
    await assert.rejects(server.verify(stranger.accessToken), { code: 'TOKEN_INVALID' })
  assert.equal(asked, 2)
})

test('a key whose own words say that it is for something else is refused by name', async () => {
  const { other } = testTokens()
  for (const words of [{ use: 'enc' }, { key_ops: ['encrypt'] }, { key_ops: [] }, { alg: 'ECDH-ES' }])
    await assert.rejects(other({ keys: [{ ...newJwk('one'), ...words }] }).issue('alice'), {
      code: 'OPTION_INVALID',
      message: /^Cannot use keys: key 1 /,
    })
  const secret = { kty: 'oct', k: randomBytes(32).toString('base64url') }
  for (const words of [
    { use: 'enc' },
    { key_ops: ['wrapKey'] },
    { alg: 'A256KW' },
    { k: 'c2hvcnQ' },
    { k: '' },
  ])
    await assert.rejects(other({ keys: [{ ...secret, ...words }], algorithm: 'HS256' }).issue('alice'), {
      code: 'OPTION_INVALID',
    })
})

test('a key service that gives no raw signature is found out at once, and not by whoever verifies', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kty: 'EC' }
  const { other } = testTokens({ algorithm: 'ES256' })
  const signing = (dsaEncoding: 'der' | 'ieee-p1363') =>
    other({ keys: [{ jwk, sign: async (input) => sign('sha256', input, { key: privateKey, dsaEncoding }) }] })
  await assert.rejects(signing('der').issue('alice'), {
    code: 'KEYS_UNAVAILABLE',
    message: /wanted the 64 of a raw signature/,
  })
  const api = signing('ieee-p1363')
  await api.verify((await api.issue('alice')).accessToken)
})
