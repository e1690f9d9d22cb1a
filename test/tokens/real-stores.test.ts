// Several servers on one real store: one ring, rotation under load, refreshes that race, and how fast a revocation is known elsewhere.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { postgresTokenStore } from '../../src/stores/postgres/index.ts'
import { redisTokenStore } from '../../src/stores/redis/index.ts'
import { sqliteTokenStore } from '../../src/stores/sqlite/index.ts'
import { tokens } from '../../src/tokens/index.ts'
import type { Tokens, TokensOptions, TokenStore } from '../../src/tokens/index.ts'
import { quantile } from '../stores/quantile.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { audience, issuer, secrets } from '../support/tokens.ts'
import { until } from '../support/until.ts'

// Other tests share the processor: deadlines are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000 }
const servers = 4
const tabs = 16
const rounds = 25
const revocations = 50

let folder = ''
let redis: RedisServer
let postgres: PostgresServer
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-tokens-'))
  const started = await Promise.all([startRedis(), startPostgres()])
  redis = started[0]
  postgres = started[1]
})
after(async () => {
  await Promise.all([redis.stop(), postgres.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const stores: Readonly<Record<string, () => TokenStore>> = {
  sqlite: () => sqliteTokenStore(join(folder, 'tokens.db'), { operationTimeoutMs: 20_000 }),
  redis: () => redisTokenStore(redis.url, patient),
  postgres: () => postgresTokenStore(postgres.url, { ...patient, openTimeoutMs: 20_000 }),
}

type Options = Partial<TokensOptions>

function newServer(store: TokenStore, options: Options = {}): Tokens {
  return tokens({ store, secrets, issuer, audience, longestLag: '1m', ...options })
}

/** Servers that start at the same moment. */
async function newServers(open: () => TokenStore, options: Options = {}, count = servers) {
  const all = Array.from({ length: count }, () => newServer(open(), options))
  await Promise.all(all.map((server) => server.ready()))
  const [first = newServer(open(), options), second = first] = all
  return { all, first, second, close: () => Promise.all(all.map((server) => server.close())) }
}

function isRefused(server: Tokens, accessToken: string): Promise<boolean> {
  return server.verify(accessToken).then(
    () => false,
    (error: unknown) => {
      assert.equal(Reflect.get(Object(error), 'code'), 'TOKEN_REVOKED', String(error))
      return true
    },
  )
}

for (const [name, open] of Object.entries(stores)) {
  describe(name, () => {
    test('eight servers that start at once have one ring: each verifies what any has issued', async () => {
      const { all, close } = await newServers(open, { ring: 'eight' }, 8)
      const pairs = await Promise.all(all.map((server, at) => server.issue(`user ${at}`)))
      for (const server of all) await Promise.all(pairs.map((pair) => server.verify(pair.accessToken)))
      const fingerprints = await Promise.all(all.map((server) => server.fingerprint()))
      assert.equal(new Set(fingerprints).size, 1)
      const stranger = newServer(open(), { ring: 'eight', secrets: [Buffer.alloc(32, 9).toString('base64')] })
      // It says which secret it lacks, and signs with no key of its own (R6).
      await assert.rejects(stranger.issue('mallory'), { code: 'KEY_UNKNOWN' })
      await stranger.close()
      await close()
    })

    test('a revocation on one server is refused on another, and on one that starts later', async (t) => {
      const { first, second, close } = await newServers(open, { algorithm: 'HS256', ring: 'secret' })
      const pairs = []
      for (let count = 0; count < revocations; count += 1) pairs.push(await first.issue(`user ${count}`))
      const tookMs: number[] = []
      for (const { accessToken, family } of pairs) {
        assert.equal(await isRefused(second, accessToken), false)
        await first.revoke(family)
        const sinceMs = performance.now()
        while (!(await isRefused(second, accessToken))) await nextTurn()
        tookMs.push(performance.now() - sinceMs)
      }
      const [p50, p99] = [0.5, 0.99].map((share) => quantile(tookMs, share).toFixed(2))
      t.diagnostic(
        `${name}: a revocation that was acknowledged is refused elsewhere after p50 ${p50} ms, p99 ${p99} ms`,
      )
      const late = newServer(open(), { algorithm: 'HS256', ring: 'secret' })
      await late.ready()
      for (const { accessToken } of pairs) assert.equal(await isRefused(late, accessToken), true)
      await Promise.all([late.close(), close()])
    })

    test('revokeAll again and again ends every sign-in but the one that is spared, on every server', async () => {
      const { all, first, second, close } = await newServers(open)
      const former = await first.issue('carol')
      await first.revokeAll('carol')
      let kept = await first.issue('carol')
      for (let round = 0; round < 3; round += 1) {
        const ended = await second.issue('carol')
        await first.revokeAll('carol', { except: kept })
        // Whoever revokes need not wait for the feed.
        assert.equal(await isRefused(first, ended.accessToken), true)
        for (const server of all) {
          await until('it is refused', () => isRefused(server, ended.accessToken))
          assert.equal(await isRefused(server, kept.accessToken), false)
          assert.equal(await isRefused(server, former.accessToken), true)
        }
        kept = await second.refresh(kept.refreshToken)
      }
      await first.revokeAll('carol')
      for (const server of all) await until('it is refused', () => isRefused(server, kept.accessToken))
      await close()
    })

    test('16 tabs that refresh at once are never signed out, and then theft is detected', async () => {
      const { all, first, close } = await newServers(open, { algorithm: 'HS256', ring: 'secret' })
      const signIn = await first.issue('dave')
      let jar = signIn.refreshToken
      for (let round = 0; round < rounds; round += 1) {
        const sent = jar
        const answers = await Promise.all(
          Array.from({ length: tabs }, (_, tab) => (all[tab % all.length] ?? first).refresh(sent)),
        )
        assert.equal(new Set(answers.map(({ refreshToken }) => refreshToken)).size, 1, `round ${round}`)
        jar = answers[0]?.refreshToken
      }
      const latest = await first.refresh(jar)
      await assert.rejects(first.refresh(signIn.refreshToken), { code: 'TOKEN_REPLAYED' })
      await assert.rejects(first.refresh(latest.refreshToken), { code: 'TOKEN_REVOKED' })
      for (const server of all) await until('the thief is out', () => isRefused(server, latest.accessToken))
      await close()
    })
  })
}

test('no token fails while keys are rotated under load, with Redis', async (t) => {
  const { all, first, close } = await newServers(() => redisTokenStore(redis.url, patient), {
    ring: 'rotated',
    propagation: '1s',
    rotate: '1s',
  })
  const endsAtMs = Date.now() + 3_000
  const kids = new Set<string>()
  let verified = 0
  const work = all.map(async (issuing) => {
    while (Date.now() < endsAtMs) {
      const { accessToken } = await issuing.issue('erin')
      kids.add(accessToken.split('.')[0] ?? '')
      for (const server of all) await server.verify(accessToken)
      verified += all.length
    }
  })
  await first.rotateKeys()
  await Promise.all(work)
  t.diagnostic(`${verified} checks by ${all.length} servers, tokens of ${kids.size} keys`)
  assert.ok(kids.size >= 3, `${kids.size} keys`)
  await close()
})
