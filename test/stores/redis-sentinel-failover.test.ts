// The Redis store behind real Sentinels, when the primary is killed, or hangs, under load.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { redisSessionStore, redisTokenStore } from '../../src/stores/redis/index.ts'
import { tokens } from '../../src/tokens/index.ts'
import { startSentinels } from '../support/redis-sentinel.ts'
import type { RedisSentinels } from '../support/redis-sentinel.ts'
import { isReplica } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { audience, issuer, secrets } from '../support/tokens.ts'
import { until } from '../support/until.ts'
import { FailoverLoad } from './failover-load.ts'

// Each has servers of its own, and mostly waits for them.
describe('redisSessionStore behind Sentinels, failover under load', { concurrency: true }, () => {
  for (const nearCache of [false, true]) {
    test(`a primary that is killed, near cache ${nearCache}: every answer is right, nothing acknowledged is lost`, async (t) => {
      const servers = await startSentinels()
      try {
        await failOver(t, servers, nearCache, async (primary) => {
          await primary.stop()
          return () => undefined
        })
      } finally {
        await servers.stop()
      }
    })
  }

  test('a primary that hangs, and goes on after its successor took over: the same', async (t) => {
    const servers = await startSentinels()
    try {
      await failOver(t, servers, false, async (primary) => {
        primary.pause()
        return async () => {
          primary.resume()
          await until('old primary that is a replica', () => isReplica(primary))
        }
      })
    } finally {
      await servers.stop()
    }
  })

  test('tokens behind Sentinels, a primary that is killed: sign-ins go on, what was revoked stays so, and the feed is found again', async () => {
    const servers = await startSentinels()
    const open = () => tokens({ store: redisTokenStore(servers.url), secrets, issuer, audience, onError })
    const onError = () => undefined
    const [here, there] = [open(), open()]
    try {
      const [kept, ended] = [await here.issue('ann'), await here.issue('bob')]
      await here.revoke(ended)
      await (await servers.primary()).stop()
      const next = await until('a refresh at the new primary', () =>
        there.refresh(kept.refreshToken).catch(() => undefined),
      )
      // One that starts now has it from the new primary alone.
      const late = open()
      await late.ready()
      for (const server of [here, there, late])
        await assert.rejects(server.verify(ended.accessToken), { code: 'TOKEN_REVOKED' })
      await late.verify(next.accessToken)
      await until('a revocation at the new primary', () =>
        here.revoke(next).then(
          () => true,
          () => false,
        ),
      )
      for (const server of [there, late]) {
        await until('it is refused', () =>
          server.verify(next.accessToken).then(
            () => false,
            (error: unknown) => Reflect.get(Object(error), 'code') === 'TOKEN_REVOKED',
          ),
        )
      }
      await late.close()
    } finally {
      await Promise.all([here.close(), there.close()])
      await servers.stop()
    }
  })
})

/** Strikes the primary under load, waits for the recovery, undoes it, and looks at what is left. */
async function failOver(
  t: TestContext,
  servers: RedisSentinels,
  nearCache: boolean,
  strike: (primary: RedisServer) => Promise<() => unknown>,
): Promise<void> {
  const stores = [0, 1].map(() => redisSessionStore(servers.url, { nearCache }))
  const load = new FailoverLoad(stores)
  try {
    await until('load', () => load.signIns > 200)
    const primary = await servers.primary()
    const struckMs = performance.now()
    const undo = await strike(primary)
    await until('outage that shows', () => load.unavailable > 0)
    const signInsBefore = load.signIns
    await until('sign-in at the new primary', () => load.signIns > signInsBefore)
    const recoveryMs = performance.now() - struckMs
    await undo()
    await until('load after the failover', () => load.signIns > signInsBefore + 200)
    await load.stop()
    await load.verify()
    assert.notEqual((await servers.primary()).port, primary.port)
    t.diagnostic(
      `struck → first sign-in: ${Math.round(recoveryMs)} ms; slowest call ${Math.round(load.slowestMs)} ms`,
    )
    t.diagnostic(
      `${load.answered} answers, ${load.unavailable} unavailable; ${load.acknowledgedAlive} sessions alive, ${load.acknowledgedEnded} ended`,
    )
  } finally {
    await load.stop()
    await Promise.all(stores.map((store) => store.close()))
  }
}
