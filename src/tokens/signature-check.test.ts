// Signatures that others made are taken, whatever their numbers look like.
import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { KeyPairKeyObjectResult } from 'node:crypto'
import { test } from 'node:test'
import { signatureCheck } from './signature-check.ts'

/** What the DER of a number depends on: how many zeros it begins with, and whether it would look negative. */
function lookOf(number: Buffer): string {
  const start = number.findIndex((byte) => byte !== 0)
  return `${start} ${(number[start] ?? 0) >= 0x80 ? 'high' : 'low'}`
}

for (const { alg, namedCurve, hash, size, looks: wantedLooks } of [
  {
    alg: 'ES256',
    namedCurve: 'P-256',
    hash: 'sha256',
    size: 32,
    looks: ['0 high', '0 low', '1 high', '1 low'],
  },
  // A signature takes milliseconds here, and one in 256 begins with a zero.
  { alg: 'ES384', namedCurve: 'P-384', hash: 'sha384', size: 48, looks: ['0 high', '0 low'] },
] as const) {
  test(`${alg}: R and S may begin with a zero, or with a bit that DER takes for a sign`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const isSigned = signatureCheck(alg, publicKey)
    const seen = new Set<string>()
    const wanted = wantedLooks.flatMap((look) => [`R ${look}`, `S ${look}`])
    while (!wanted.every((look) => seen.has(look))) {
      const input = randomUUID()
      const signature = sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const looks = [`R ${lookOf(signature.subarray(0, size))}`, `S ${lookOf(signature.subarray(size))}`]
      if (looks.every((look) => seen.has(look))) continue
      for (const look of looks) seen.add(look)
      assert.equal(isSigned(input, signature), true, looks.join())
      assert.equal(isSigned(`${input}.`, signature), false)
    }
  })
}

test('Ed25519 by both its names, and both paddings of RSA, with a salt as long as the hash', () => {
  const ed = generateKeyPairSync('ed25519')
  const rsa: KeyPairKeyObjectResult = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const input = 'header.payload'
  const bytes = Buffer.from(input)
  const edSignature = sign(null, bytes, ed.privateKey)
  assert.equal(signatureCheck('EdDSA', ed.publicKey)(input, edSignature), true)
  assert.equal(signatureCheck('Ed25519', ed.publicKey)(input, edSignature), true)
  const plain = sign('sha256', bytes, rsa.privateKey)
  const pss = (saltLength: number) =>
    sign('sha256', bytes, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
  const [isPlain, isPss] = [signatureCheck('RS256', rsa.publicKey), signatureCheck('PS256', rsa.publicKey)]
  assert.deepEqual([isPlain(input, plain), isPlain(input, pss(32))], [true, false])
  assert.deepEqual(
    [32, 0, 20, 64].map((salt) => isPss(input, pss(salt))),
    [true, false, false, false],
  )
  assert.equal(isPss(input, plain), false)
  for (const length of [0, 1, 255, 257, 512]) assert.equal(isPlain(input, Buffer.alloc(length, 1)), false)
})
