// Many tabs of one browser refresh with the one cookie that they share.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { testTokens } from '../../test/support/tokens.ts'
import { seededRandom } from '../base/random.ts'
import type { TokenPair } from './issued.ts'

const tabs = 16
const rounds = 1_000

test('16 tabs that refresh at once 1,000 times never sign anyone out, and then theft is detected', async () => {
  // HS256: this is about refresh tokens, and 16,000 signatures on curves would take their time.
  const { other, clock } = testTokens({ algorithm: 'HS256', absolute: '400d', refresh: '30d' })
  const servers = [other(), other(), other(), other()]
  const random = seededRandom(7)
  const [first] = servers
  assert.ok(first !== undefined)
  const signIn = await first.issue('alice')
  let jar: string | undefined = signIn.refreshToken
  const used: (string | undefined)[] = []
  for (let round = 0; round < rounds; round += 1) {
    const sent = jar
    used.push(sent)
    // All send what the jar has now; answers set it in whichever order they come, some of them late.
    const answers = Array.from({ length: tabs }, async (): Promise<string | undefined> => {
      for (let wait = Math.floor(random() * 4); wait > 0; wait -= 1) await Promise.resolve()
      const server = servers[Math.floor(random() * servers.length)] ?? first
      const pair: TokenPair = await server.refresh(sent)
      jar = pair.refreshToken
      return jar
    })
    assert.equal(new Set(await Promise.all(answers)).size, 1, `round ${round}`)
    clock.advance(Math.floor(random() * 600_000))
  }
  assert.equal(new Set(used).size, rounds)
  const stolen = used[Math.floor(random() * (rounds - 2))]
  await assert.rejects(first.refresh(stolen), { code: 'TOKEN_REPLAYED' })
  await assert.rejects(first.refresh(jar), { code: 'TOKEN_REVOKED' })
})

test('an answer that was lost is given again within the grace, and its successor goes on', async () => {
  const { api, clock } = testTokens()
  const { refreshToken } = await api.issue('alice')
  const lost = await api.refresh(refreshToken)
  clock.advance(30_000)
  const again = await api.refresh(refreshToken)
  assert.equal(again.refreshToken, lost.refreshToken)
  await api.refresh(again.refreshToken)
})

test('a store that lost turns it had acknowledged signs nobody out: it goes on from the token that it is shown', async () => {
  const { api, store, clock } = testTokens()
  const pair = await api.issue('alice')
  const second = await api.refresh(pair.refreshToken)
  const third = await api.refresh(second.refreshToken)
  // As after a failover to a replica that lags: the family is as it was created.
  await store.createFamily(pair.family, {
    text: (await store.loadFamily(pair.family))?.text ?? '',
    idleDeadlineMs: clock.now() + 60_000,
    absoluteDeadlineMs: clock.now() + 60_000,
  })
  const fourth = await api.refresh(third.refreshToken)
  await api.verify(fourth.accessToken)
  await api.refresh(fourth.refreshToken)
})

test('a refresh that fails has not used its token up, however long the failure lasts', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kty: 'OKP', kid: 'kms' }
  let fault: 'none' | 'key' | 'app' = 'none'
  const { api, clock } = testTokens({
    keys: [
      {
        jwk,
        sign: async (input) => {
          if (fault === 'key') throw new Error('no network')
          return sign(null, input, privateKey)
        },
      },
    ],
    onRefresh: async () => {
      if (fault === 'app') throw new Error('no database')
      return {}
    },
  })
  const { refreshToken } = await api.issue('alice')
  fault = 'app'
  await assert.rejects(api.refresh(refreshToken), /no database/)
  fault = 'key'
  await assert.rejects(api.refresh(refreshToken), { code: 'KEYS_UNAVAILABLE', status: 503 })
  fault = 'none'
  clock.advance(3_600_000)
  const pair = await api.refresh(refreshToken)
  await api.verify(pair.accessToken)
})
