// What strangers send in place of tokens (RFC 8725): each is refused as no token of ours, for the reason that it is.
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { CompactEncrypt } from 'jose'
import { isDroverError } from '../base/errors.ts'
import { audience, issuer, testTokens } from '../../test/support/tokens.ts'

const pair = generateKeyPairSync('ed25519')
const ours = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'ours', kty: 'OKP' }
const { api, clock, other } = testTokens({ keys: [ours] })
const nowS = Math.floor(clock.now() / 1_000)

const header = { alg: 'EdDSA', kid: 'ours', typ: 'at+jwt' }
const payload = {
  iss: issuer,
  sub: 'alice',
  aud: audience,
  iat: nowS,
  exp: nowS + 300,
  jti: 'one',
  sid: `${'A'.repeat(16)}.${'B'.repeat(32)}`,
  mark: 0,
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** A token that our key has signed, whatever it says. Texts are taken as JSON that they are. */
function signed(head: unknown, body: unknown, key = pair.privateKey): string {
  const input = `${encode(head)}.${encode(body)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

async function refusal(text: unknown): Promise<string> {
  return api.verify(text).then(
    () => 'accepted',
    (error: unknown) => {
      assert.ok(isDroverError(error))
      return `${error.code}: ${error.message.replace('Cannot accept the token: ', '')}`
    },
  )
}

test('the tokens of these tests are good but for what is wrong with them', async () => {
  assert.equal(await refusal(signed(header, payload)), 'accepted')
})

test('alg none, in whatever spelling, with and without a signature, is refused', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    for (const tail of ['', encode('x')]) {
      const text = `${encode({ ...header, alg })}.${encode(payload)}.${tail}`
      assert.match(await refusal(text), /^TOKEN_INVALID: its alg is not that of key "ours"/)
    }
  }
  const unsigned = signed(header, payload).replace(/[^.]*$/, '')
  assert.match(await refusal(unsigned), /its signature is not by its key/)
  assert.match(await refusal(unsigned.slice(0, -1)), /not three parts/)
})

test('a public key does not serve as an HMAC secret: algorithms cannot be confused', async () => {
  const spki = pair.publicKey.export({ format: 'pem', type: 'spki' })
  const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  for (const secret of [spki, raw]) {
    const input = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`
    const text = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    assert.match(await refusal(text), /its alg is not that of key "ours"/)
  }
  for (const alg of ['ES256', 'RS256', 'HS512', 'Ed25519'])
    assert.match(await refusal(signed({ ...header, alg }, payload)), /its alg is not that of key/)
})

test('a kid is a name in the ring and nothing else: no path, no query, no prototype', async () => {
  for (const kid of [
    '../../dev/null',
    "' OR 1=1 --",
    'https://evil.example/k',
    '__proto__',
    'constructor',
    '',
    'OURS',
  ])
    assert.match(await refusal(signed({ ...header, kid }, payload)), /its key is none of ours/)
  for (const kid of [7, null, ['ours'], { ours: 1 }])
    assert.match(await refusal(signed({ ...header, kid }, payload)), /its kid is no text/)
  assert.match(await refusal(signed({ alg: 'EdDSA', typ: 'at+jwt' }, payload)), /it names no key/)
})

test('a token brings no key and no address of one: jku, jwk, x5u and x5c are refused', async () => {
  const evil = generateKeyPairSync('ed25519')
  const jwk = evil.publicKey.export({ format: 'jwk' })
  const members = { jwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x', x5c: ['MIIB'] }
  for (const [name, value] of Object.entries(members)) {
    const text = signed({ ...header, [name]: value }, payload, evil.privateKey)
    assert.equal(await refusal(text), `TOKEN_INVALID: its header has ${name}`)
  }
  assert.match(await refusal(signed(header, payload, evil.privateKey)), /its signature is not by its key/)
})

test('a token of another type is none: typ is compared, without regard to case', async () => {
  for (const typ of ['JWT', 'logout+jwt', 'dpop+jwt', 'at+jwt+x', undefined])
    assert.match(await refusal(signed({ ...header, typ }, payload)), /its typ is not at\+jwt/)
  for (const typ of ['AT+JWT', 'application/at+jwt'])
    assert.equal(await refusal(signed({ ...header, typ }, payload)), 'accepted')
  assert.match(await refusal(signed({ ...header, typ: 7 }, payload)), /its typ is no text/)
})

test('a token that is too large is refused unread, and so are many parts', async () => {
  const large = signed(header, { ...payload, bio: 'x'.repeat(4_096) })
  assert.match(await refusal(large), /more than 4096 bytes/)
  for (const text of ['.'.repeat(5_000_000), 'a'.repeat(5_000_000), 'a.'.repeat(2_000)]) {
    assert.match(await refusal(text), /^TOKEN_INVALID/)
  }
})

test('deep nesting, a nested token and a payload that is no object are refused', async () => {
  assert.match(
    await refusal(signed(header, `${'['.repeat(2_000)}${']'.repeat(2_000)}`)),
    /more than 4096|no JSON object/,
  )
  for (const body of ['"text"', '[]', 'null', '7', '{', '', signed(header, payload)])
    assert.match(await refusal(signed(header, body)), /no JSON object|not three parts/)
  assert.match(
    await refusal(signed({ ...header, cty: 'JWT' }, encode(signed(header, payload)))),
    /its header has cty/,
  )
})

test('crit and b64 are not understood, and therefore refused', async () => {
  for (const more of [{ crit: ['exp'] }, { crit: [] }, { b64: false, crit: ['b64'] }, { b64: true }])
    assert.match(await refusal(signed({ ...header, ...more }, payload)), /its header has (?:crit|b64)/)
})

test('a claim or a header member that is there twice is refused, however it is written', async () => {
  const whole = JSON.stringify(payload)
  const twice = [
    whole.replace('{', '{"sub":"bob",'),
    whole.replace('{', '{"\\u0073ub":"bob",'),
    whole.replace('}', ',"role":{"is":1,"is":2}}'),
  ]
  for (const body of twice) assert.match(await refusal(signed(header, body)), /names a member twice/)
  const head = JSON.stringify(header).replace('{', '{"alg":"none",')
  assert.match(await refusal(signed(head, payload)), /names a member twice/)
})

test('a claim cannot reach the prototype of what the app is given', async () => {
  const text = signed(header, JSON.stringify(payload).replace('{', '{"__proto__":{"role":"admin"},'))
  assert.match(await refusal(text), /a claim named __proto__/)
  const { claims } = await api.verify(signed(header, { ...payload, constructor: 'x', role: 'user' }))
  assert.deepEqual({ ...claims }, { constructor: 'x', role: 'user' })
})

test('an encrypted token is none, and nothing is unpacked: no decompression bomb', async () => {
  const bomb = deflateRawSync(Buffer.alloc(1_000_000))
  const secret = Buffer.alloc(32, 1)
  const jwe = await new CompactEncrypt(bomb)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(secret)
  assert.match(await refusal(jwe), /not three parts/)
  assert.match(await refusal(signed({ ...header, zip: 'DEF' }, payload)), /its header has zip/)
  assert.match(await refusal(signed({ ...header, enc: 'A256GCM' }, payload)), /its header has enc/)
})

test('a token from another issuer, or for another audience, is refused', async () => {
  for (const iss of ['https://evil.example', `${issuer}/`, undefined, [issuer]])
    assert.match(await refusal(signed(header, { ...payload, iss })), /from another issuer/)
  for (const aud of ['https://other.example', [], [['x']], undefined, `${audience}.evil.example`])
    assert.match(await refusal(signed(header, { ...payload, aud })), /for another audience/)
  assert.equal(
    await refusal(signed(header, { ...payload, aud: ['https://other.example', audience] })),
    'accepted',
  )
})

test('times count to the second, with the skew and not more; a token without an end is none', async () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ exp: nowS - 5 }, /^TOKEN_EXPIRED/],
    [{ exp: nowS - 4, iat: nowS - 9 }, /^accepted/],
    [{ iat: nowS + 5 }, /^accepted/],
    [{ iat: nowS + 6 }, /its time has not come/],
    [{ nbf: nowS + 5 }, /^accepted/],
    [{ nbf: nowS + 6 }, /its time has not come/],
    [{ exp: undefined }, /its exp is no time/],
    [{ exp: String(nowS + 300) }, /its exp is no time/],
    [{ exp: null }, /its exp is no time/],
    [{ iat: undefined }, /its iat is no time/],
    [{ exp: nowS + 7_200 }, /lives longer than tokens may/],
    [{ iat: -1 }, /its iat is no time/],
  ]
  for (const [change, wanted] of cases)
    assert.match(await refusal(signed(header, { ...payload, ...change })), wanted, JSON.stringify(change))
})

test('a token without subject, id or family is refused', async () => {
  for (const change of [{ sub: undefined }, { sub: '' }, { sub: 7 }, { jti: undefined }])
    assert.match(await refusal(signed(header, { ...payload, ...change })), /it has no (?:sub|jti)/)
  for (const change of [{ sid: undefined }, { sid: 'x' }, { mark: -1 }, { mark: 0.5 }, { mark: '0' }])
    assert.match(await refusal(signed(header, { ...payload, ...change })), /it belongs to no family/)
})

test('one token has one text: no other base64url, no blanks, no padding', async () => {
  const text = signed(header, payload)
  const last = text.at(-1) ?? ''
  // The last of 86 characters has four bits that say nothing.
  const twin = text.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
  for (const one of [
    `${text}=`,
    ` ${text}`,
    `${text}\n`,
    text.replaceAll('-', '+'),
    twin,
    `${text}A`,
    `.${text}`,
  ])
    if (one !== text) assert.match(await refusal(one), /^TOKEN_INVALID/)
  for (const one of [undefined, null, 7, {}, [text], Buffer.from(text)])
    assert.match(await refusal(one), /it is no text/)
})

test('a changed token is refused, wherever it was changed', async () => {
  const text = signed(header, payload)
  const { length } = text
  for (let at = 0; at < length; at += 7) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    assert.match(await refusal(changed), /^TOKEN_INVALID/, `at ${at}`)
  }
})

test('invalid UTF-8 is refused, and not read as something else', async () => {
  const input = `${encode(header)}.${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')}`
  const text = `${input}.${sign(null, Buffer.from(input), pair.privateKey).toString('base64url')}`
  assert.match(await refusal(text), /no JSON object/)
})

test('a refusal shows nothing of the token', async () => {
  const text = signed(header, { ...payload, aud: 'x', secretClaim: 'swordfish' })
  await assert.rejects(api.verify(text), (error) => {
    assert.ok(isDroverError(error, 'TOKEN_INVALID'))
    return !error.message.includes('swordfish') && !error.message.includes(text.slice(-20)) && error.expose
  })
})

test('a secret of less than 32 bytes, or a key of another kind, is refused when it is given', async () => {
  const short = { kty: 'oct', k: Buffer.alloc(31, 1).toString('base64url') }
  await assert.rejects(other({ keys: [short], algorithm: 'HS256' }).issue('alice'), {
    code: 'OPTION_INVALID',
  })
  await assert.rejects(other({ keys: [short] }).issue('alice'), { code: 'OPTION_INVALID' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export({ format: 'jwk' })
  await assert.rejects(other({ keys: [{ ...rsa, kty: 'RSA' }] }).issue('alice'), { code: 'OPTION_INVALID' })
})
