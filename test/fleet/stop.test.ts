// How a fleet ends: gracefully under load, or by the SIGKILL of its primary.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFleet } from '../support/fleet.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { ClosedLoop } from './closed-loop.ts'

const shop = { args: ['--config', 'examples/shop/drover.config.ts'], shop: true } as const

test('SIGTERM under load answers every accepted request, exits 0 and leaves no process', async (t) => {
  const fleet = await startFleet(shop)
  t.after(() => fleet.dispose())
  const { balancers, instances } = await fleet.status()
  const pids = [...balancers, ...instances].map(({ pid }) => pid).filter((pid) => pid !== null)
  assert.equal(pids.length, 4)
  const load = new ClosedLoop(fleet.url, 32)
  t.after(() => {
    load.close()
  })
  await until('the load is under way', () => load.answered > 500)
  fleet.signal('SIGTERM')
  const { code, stderr } = await fleet.ended
  await load.ended
  t.diagnostic(`${load.answered} answered, ${load.refused} connections refused after the stop`)
  assert.equal(code, 0, stderr)
  assert.deepEqual(load.failures, [], 'a request that was accepted got no answer')
  assert.deepEqual(await runningOf([fleet.pid, ...pids]), [])
})

test('SIGKILL of the primary leaves no orphan after 5 s, and the next start on the same folder is clean', async (t) => {
  const first = await startFleet(shop)
  t.after(() => first.dispose())
  const { balancers, instances } = await first.status()
  const pids = [...balancers, ...instances].map(({ pid }) => pid).filter((pid) => pid !== null)
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await untilGone(pids, 5_000)

  const second = await startFleet({ ...shop, folder: first.folder })
  t.after(() => second.dispose())
  const answer = await fetch(new URL('/health', second.url))
  assert.equal(answer.status, 200)
  await answer.body?.cancel()
  second.signal('SIGTERM')
  assert.equal((await second.ended).code, 0)
})
