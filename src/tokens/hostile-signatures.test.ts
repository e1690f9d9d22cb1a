// Signatures and keys that verifiers have fallen for, each class for each algorithm: edge values, other lengths and encodings, borrowed keys.
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { JWK } from 'jose'
import { ManualClock } from '../testing/manual-clock.ts'
import { parseCompact } from './compact.ts'
import { GivenRing } from './given-ring.ts'
import { RemoteKeys } from './remote-keys.ts'
import { checkSignature } from './signing.ts'
import type { TokenAlgorithm, VerifyAlgorithm } from './signing.ts'
import type { KeyFinder } from './token-keys.ts'

const clock = new ManualClock()
const report = (error: unknown) => {
  throw error
}
const kid = 'one'
const body = Buffer.from('{"sub":"alice"}').toString('base64url')

function inputOf(header: object): string {
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
}

async function isTaken(keys: KeyFinder, text: string): Promise<boolean> {
  try {
    const token = parseCompact(text, 4_096)
    const key = await keys.find(token.kid ?? '')
    if (key === undefined) return false
    checkSignature(token, key)
    return true
  } catch (error) {
    assert.equal(Reflect.get(Object(error), 'code'), 'TOKEN_INVALID', String(error))
    return false
  }
}

interface Signer {
  readonly alg: TokenAlgorithm
  readonly keys: KeyFinder
  /** Of the bytes that are signed. */
  readonly sign: (input: string) => Buffer
  /** What of the key everybody knows. */
  readonly known: readonly Buffer[]
}

function pairSigner(alg: 'EdDSA' | 'ES256'): Signer {
  const { privateKey, publicKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const kty = alg === 'EdDSA' ? 'OKP' : 'EC'
  const shown: JWK = { ...jwk, kty, kid, alg }
  const pem = publicKey.export({ format: 'pem', type: 'spki' })
  const der = publicKey.export({ format: 'der', type: 'spki' })
  return {
    alg,
    keys: ringOf([{ ...privateKey.export({ format: 'jwk' }), kty, kid, alg }], alg),
    sign: (input) => signWith(alg, privateKey, input),
    known: [Buffer.from(pem), der, Buffer.from(jwk.x ?? '', 'base64url'), Buffer.from(JSON.stringify(shown))],
  }
}

function signWith(alg: 'EdDSA' | 'ES256', key: KeyObject, input: string): Buffer {
  return sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
}

function secretSigner(): Signer {
  const secret = randomBytes(32)
  return {
    alg: 'HS256',
    keys: ringOf([{ kty: 'oct', k: secret.toString('base64url'), kid, alg: 'HS256' }], 'HS256'),
    sign: (input) => createHmac('sha256', secret).update(input).digest(),
    known: [Buffer.from(kid), Buffer.alloc(32), Buffer.alloc(0)],
  }
}

function ringOf(keys: readonly JWK[], alg: TokenAlgorithm): GivenRing {
  return new GivenRing(keys, alg, { clock, report })
}

const signers = [pairSigner('EdDSA'), pairSigner('ES256'), secretSigner()]

/** The order of the base point of P-256 (FIPS 186-5) and of Ed25519 (RFC 8032 section 5.1). */
const orderOfP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const orderOfEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n

function bigEndian(value: bigint, bytes = 32): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
}

function readBig(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** The other ways to write the numbers of a good signature, and numbers at the edges. */
function signaturesLike(alg: TokenAlgorithm, good: Buffer): readonly Buffer[] {
  const [first, second] = [good.subarray(0, 32), good.subarray(32)]
  const plain = [
    Buffer.alloc(0),
    Buffer.alloc(1),
    Buffer.alloc(good.length),
    Buffer.alloc(good.length, 0xff),
    good.subarray(1),
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.alloc(1)]),
    Buffer.concat([Buffer.alloc(1), good]),
    Buffer.concat([good, good]),
    Buffer.from(good.toString('hex')),
    Buffer.from(good.toString('base64')),
  ]
  if (alg === 'HS256') return [...plain, good.subarray(0, 16), good.toReversed()].map(toBuffer)
  const edges = alg === 'ES256' ? edgesOfP256(first, second) : edgesOfEd25519(first, second)
  return [...plain, Buffer.concat([second, first]), ...edges].map(toBuffer)
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

function edgesOfP256(r: Buffer, s: Buffer): readonly Buffer[] {
  const n = orderOfP256
  const edges = [0n, 1n, n - 1n, n, n + 1n, 2n ** 256n - 1n].map((value) => bigEndian(value))
  const wide = (value: Buffer) => Buffer.concat([Buffer.alloc(1), value])
  const over = (value: Buffer) => bigEndian(readBig(value) + n, 33)
  return [
    ...edges.flatMap((one) => edges.map((two) => Buffer.concat([one, two]))),
    ...edges.flatMap((edge) => [Buffer.concat([r, edge]), Buffer.concat([edge, s])]),
    Buffer.concat([wide(r), wide(s)]),
    Buffer.concat([over(r), wide(s)]),
    Buffer.concat([wide(r), over(s)]),
    derOf(r, s),
  ]
}

/** The encoding of X.509, which RFC 7518 section 3.4 rules out. */
function derOf(r: Buffer, s: Buffer): Buffer {
  const numbers = [r, s].map((value) => {
    const whole = Buffer.concat([Buffer.alloc(1), value])
    return Buffer.concat([Buffer.from([0x02, whole.length]), whole])
  })
  const content = Buffer.concat(numbers)
  return Buffer.concat([Buffer.from([0x30, content.length]), content])
}

/** RFC 8032 section 5.1.7: S is below the order; points of small order sign nothing. */
function edgesOfEd25519(r: Buffer, s: Buffer): readonly Buffer[] {
  const value = readBig(s.toReversed())
  const little = (number: bigint) => Buffer.from(bigEndian(number).toReversed())
  const identity = little(1n)
  const times = [1n, 2n, 4n, 8n].flatMap((factor) => {
    const more = value + factor * orderOfEd25519
    return more < 2n ** 256n ? [Buffer.concat([r, little(more)])] : []
  })
  const small = [0n, 1n, 2n ** 255n - 20n, 2n ** 255n - 18n].map((number) => little(number))
  return [
    ...times,
    ...small.flatMap((point) => [Buffer.concat([point, s]), Buffer.concat([point, Buffer.alloc(32)])]),
    Buffer.concat([identity, little(orderOfEd25519)]),
    Buffer.concat([r, little(orderOfEd25519)]),
    Buffer.concat([r, Buffer.alloc(32)]),
  ]
}

test('only the signature itself is one: no edge values, other lengths, other encodings', async () => {
  for (const { alg, keys, sign: signed } of signers) {
    const input = inputOf({ alg, kid })
    const good = signed(input)
    assert.equal(await isTaken(keys, `${input}.${good.toString('base64url')}`), true, alg)
    for (const [at, signature] of signaturesLike(alg, good).entries())
      assert.equal(await isTaken(keys, `${input}.${signature.toString('base64url')}`), false, `${alg} ${at}`)
  }
})

test('whichever bit of header, payload or signature is changed, the token is refused', async () => {
  for (const { alg, keys, sign: signed } of signers) {
    const input = inputOf({ alg, kid })
    const parts = [...input.split('.'), signed(input).toString('base64url')]
    for (const [which, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit += 3) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const text = parts.with(which, changed.toString('base64url')).join('.')
        assert.equal(await isTaken(keys, text), false, `${alg} part ${which} bit ${bit}`)
      }
    }
  }
})

test('no key of one algorithm serves for another, and what everybody knows of a key is no secret', async () => {
  for (const { alg, keys, sign: signed, known } of signers) {
    for (const other of [
      'HS256',
      'HS384',
      'HS512',
      'ES256',
      'ES384',
      'EdDSA',
      'RS256',
      'PS256',
      'none',
      '',
    ]) {
      if (other === alg) continue
      const input = inputOf({ alg: other, kid })
      assert.equal(await isTaken(keys, `${input}.${signed(input).toString('base64url')}`), false, other)
    }
    for (const secret of known) {
      for (const claimed of ['HS256', alg]) {
        const input = inputOf({ alg: claimed, kid })
        const mac = createHmac('sha256', secret).update(input).digest('base64url')
        assert.equal(await isTaken(keys, `${input}.${mac}`), false)
      }
    }
  }
})

test('parts that are missing, doubled, blank, padded or in another alphabet make no token', async () => {
  for (const { alg, keys, sign: signed } of signers) {
    const input = inputOf({ alg, kid })
    const [head = ''] = input.split('.')
    const tail = signed(input).toString('base64url')
    const json = JSON.stringify({ payload: body, protected: head, signature: tail })
    const texts = [
      '',
      '.',
      '..',
      '...',
      head,
      body,
      tail,
      `${head}.${body}`,
      `${body}.${tail}`,
      `${head}.${tail}`,
      `.${body}.${tail}`,
      `${head}..${tail}`,
      `${head}.${body}.`,
      `${input}.${tail}.`,
      `${input}.${tail}.x`,
      `${input}. ${tail}`,
      `${input}.${tail}\n`,
      `${input}.${tail}=`,
      `${input}.?${tail}`,
      // Another character, whose low byte is that of the right one.
      `${input}.${String.fromCharCode(tail.charCodeAt(0) + 0x100)}${tail.slice(1)}`,
      `\u0000${input}.${tail}`,
      `${head}=.${body}.${tail}`,
      `${head} .${body}.${tail}`,
      `${head}#.${body}.${tail}`,
      json,
      `"${input}.${tail}"`,
    ]
    for (const text of texts) assert.equal(await isTaken(keys, text), false, text)
  }
})

async function jwksOf(keys: readonly object[]): Promise<KeyFinder> {
  const algorithms: readonly VerifyAlgorithm[] = ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256']
  const limits = { timeoutMs: 1_000, longestStaleMs: 60_000 }
  const url = new URL('https://issuer.example/jwks')
  return new RemoteKeys({
    url,
    algorithms,
    ...limits,
    clock,
    report,
    fetch: async () => Response.json({ keys }),
  })
}

test('a JWKS cannot make us take a weak key, one for something else, or one whose private half it shows', async () => {
  const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: 65_537 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [strong, weak] = [rsa(2_048), rsa(1_024)]
  const input = inputOf({ alg: 'RS256', kid })
  const ecInput = inputOf({ alg: 'ES256', kid })
  const tokenOf = (key: KeyObject) =>
    `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  const ecToken = `${ecInput}.${signWith('ES256', ec.privateKey, ecInput).toString('base64url')}`
  const shown = { ...strong.publicKey.export({ format: 'jwk' }), kid, alg: 'RS256' }
  const ecShown = { ...ec.publicKey.export({ format: 'jwk' }), kid, alg: 'ES256' }
  assert.equal(await isTaken(await jwksOf([shown]), tokenOf(strong.privateKey)), true)
  assert.equal(await isTaken(await jwksOf([ecShown]), ecToken), true)
  const weakShown = { ...weak.publicKey.export({ format: 'jwk' }), kid, alg: 'RS256' }
  assert.equal(await isTaken(await jwksOf([weakShown]), tokenOf(weak.privateKey)), false)
  for (const change of [
    { e: 'AQ' },
    { e: 'AA' },
    { use: 'enc' },
    { key_ops: ['encrypt'] },
    { alg: 'RSA1_5' },
  ])
    assert.equal(await isTaken(await jwksOf([{ ...shown, ...change }]), tokenOf(strong.privateKey)), false)
  const moved = Buffer.from(ecShown.y ?? '', 'base64url')
  moved[31] = (moved[31] ?? 0) ^ 1
  for (const change of [
    { alg: 'ES521' },
    { alg: 'ES384' },
    { crv: 'P-384' },
    { kty: 'RSA' },
    { use: 'enc' },
    { key_ops: 'verify' },
    { key_ops: ['deriveKey'] },
    { y: moved.toString('base64url') },
    ec.privateKey.export({ format: 'jwk' }),
  ])
    assert.equal(
      await isTaken(await jwksOf([{ ...ecShown, ...change }]), ecToken),
      false,
      Object.keys(change)[0],
    )
})

/** A signature that whoever knows only the public key can make where the exponent is one: the padded hash itself (RFC 8017 section 9.2). */
test('an exponent of one is no key: what is shown would be its own signature', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const keys = await jwksOf([{ ...publicKey.export({ format: 'jwk' }), e: 'AQ', kid, alg: 'RS256' }])
  const input = inputOf({ alg: 'RS256', kid })
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const digest = Buffer.concat([info, hash('sha256', input, 'buffer')])
  const padding = Buffer.alloc(256 - 3 - digest.length, 0xff)
  const padded = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.alloc(1), digest])
  assert.equal(await isTaken(keys, `${input}.${padded.toString('base64url')}`), false)
})
