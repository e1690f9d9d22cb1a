// Those who check the same access tokens: Drover as an app uses it and without its feed, and what others would check them with.
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import { expressjwt } from 'express-jwt'
import fastify from 'fastify'
import { jwtVerify } from 'jose'
import type { JWK } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { systemClock } from '../../src/base/clock.ts'
import { memoryTokenStore } from '../../src/stores/memory/index.ts'
import { AccessChecks } from '../../src/tokens/access-checks.ts'
import { GivenRing } from '../../src/tokens/given-ring.ts'
import { tokens } from '../../src/tokens/index.ts'
import type { TokenAlgorithm, Tokens } from '../../src/tokens/index.ts'

export interface Verifier {
  readonly name: string
  /** Rejects, or throws, for a token that is not good. */
  readonly verify: (token: string) => unknown
}

/** Tokens of one algorithm, and everybody who knows it. The first checks as `tokens()` does, the second without revocations. */
export interface Rivals {
  readonly drover: Verifier
  readonly alone: Verifier
  readonly peers: readonly Verifier[]
  readonly tokens: readonly string[]
  readonly close: () => Promise<void>
}

const issuer = 'https://issuer.example'
const audience = 'https://api.example'

const revoked = { families: 1_000, principals: 100 }

interface Keys {
  readonly jwk: JWK
  readonly sign: KeyObject
  readonly verify: KeyObject
}

function makeKeys(algorithm: TokenAlgorithm): Keys {
  if (algorithm === 'HS256') {
    const secret = createSecretKey(randomBytes(32))
    return {
      jwk: { ...secret.export({ format: 'jwk' }), kid: 'one', alg: algorithm },
      sign: secret,
      verify: secret,
    }
  }
  const { privateKey, publicKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: algorithm } as JWK
  return { jwk, sign: privateKey, verify: publicKey }
}

export async function makeRivals(algorithm: TokenAlgorithm, count: number): Promise<Rivals> {
  const keys = makeKeys(algorithm)
  const report = (error: unknown) => {
    throw error
  }
  const issuing = tokens({
    store: memoryTokenStore(),
    secrets: [randomBytes(32).toString('base64')],
    issuer,
    audience,
    algorithm,
    keys: [keys.jwk],
    onError: report,
  })
  await issuing.ready()
  const issued = await Promise.all(
    Array.from({ length: count }, (_, index) => issuing.issue(`user ${index}`, { scopes: ['read'] })),
  )
  await revokeOthers(issuing)
  const alone = new AccessChecks({
    keys: new GivenRing([keys.jwk], algorithm, { clock: systemClock, report }),
    expected: { issuer, audiences: [audience], skewMs: 5_000, longestMs: 86_400_000, needsFamily: true },
    maxBytes: 4_096,
    schema: undefined,
    revocations: undefined,
    whenCut: 'refuse',
    clock: systemClock,
  })
  const fast = await fastifyVerifier(algorithm, keys)
  return {
    drover: { name: 'Drover', verify: (token) => issuing.verify(token) },
    alone: { name: 'Drover without revocations', verify: (token) => alone.verify(token) },
    peers: [joseVerifier(algorithm, keys), fast.verifier, ...jsonwebtokenVerifiers(algorithm, keys)],
    tokens: issued.map(({ accessToken }) => accessToken),
    close: async () => {
      await Promise.all([issuing.close(), fast.close()])
    },
  }
}

/** So that there is something to look among. */
async function revokeOthers(issuing: Tokens): Promise<void> {
  for (let at = 0; at < revoked.families; at += 1) await issuing.revoke(await issuing.issue(`family ${at}`))
  for (let at = 0; at < revoked.principals; at += 1) await issuing.revokeAll(`principal ${at}`)
}

function joseVerifier(algorithm: TokenAlgorithm, { verify }: Keys): Verifier {
  const options = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' }
  return { name: 'jose', verify: (token) => jwtVerify(token, verify, options) }
}

async function fastifyVerifier(
  algorithm: TokenAlgorithm,
  keys: Keys,
): Promise<{ readonly verifier: Verifier; readonly close: () => Promise<void> }> {
  const app = fastify()
  const pem = (key: KeyObject, type: 'pkcs8' | 'spki') => String(key.export({ type, format: 'pem' }))
  const secret =
    algorithm === 'HS256'
      ? keys.sign.export()
      : { private: pem(keys.sign, 'pkcs8'), public: pem(keys.verify, 'spki') }
  await app.register(fastifyJwt, {
    secret,
    sign: { algorithm },
    verify: { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience },
  })
  await app.ready()
  const verifier: Verifier = { name: '@fastify/jwt', verify: (token) => app.jwt.verify(token) }
  return { verifier, close: () => app.close() }
}

/** jsonwebtoken knows no EdDSA, and express-jwt is made of it. */
function jsonwebtokenVerifiers(algorithm: TokenAlgorithm, { verify }: Keys): readonly Verifier[] {
  if (algorithm === 'EdDSA') return []
  const middleware = expressjwt({ secret: verify, algorithms: [algorithm], issuer, audience })
  const ask = (token: string) => {
    const request = { headers: { authorization: `Bearer ${token}` }, method: 'GET' }
    return new Promise<void>((resolve, reject) => {
      const next = (error?: unknown) => {
        if (error === undefined) resolve()
        else
          reject(
            error instanceof Error ? error : new Error('express-jwt refused the token', { cause: error }),
          )
      }
      Reflect.apply(middleware, undefined, [request, {}, next])
    })
  }
  const options = { issuer, audience, algorithms: [algorithm] }
  return [
    { name: 'jsonwebtoken', verify: (token) => jsonwebtoken.verify(token, verify, options) },
    { name: 'express-jwt', verify: ask },
  ]
}
