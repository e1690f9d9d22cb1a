// What is left of deploys when `drover up` is killed in the middle of one, stopped, and started again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startDeployable } from './deployable.ts'

test('a SIGKILL of the primary in the middle of a deploy: the version before runs again, and both are in the history', async (t) => {
  const killed = await startDeployable()
  t.after(() => killed.fleet.dispose())
  const deploying = killed.deploy({ label: 'b', canary: { share: 0.5, forMs: 60_000 } })
  await until('the canary runs', () => killed.told.includes('1 canaries'))
  killed.fleet.signal('SIGKILL')
  await assert.rejects(deploying)
  await killed.fleet.ended

  const again = await startDeployable(killed.fleet.folder)
  t.after(() => again.fleet.dispose())
  assert.deepEqual(await again.running(), ['a', 'a'])
  const history = await again.client.history()
  assert.deepEqual(
    history.map(({ number, version, outcome, isCurrent }) => [number, version, outcome, isCurrent]),
    [
      [1, 'a', 'done', true],
      [2, 'b', 'interrupted', false],
    ],
  )
  again.fleet.signal('SIGTERM')
  const { stdout } = await again.fleet.ended
  assert.match(stdout, /deploy 2 of version b was interrupted: version a runs/)
})

test('what was deployed is resumed by the next drover up, and numbers go on', async (t) => {
  const first = await startDeployable()
  t.after(() => first.fleet.dispose())
  const { outcome } = await first.deploy({ label: 'b', env: { MANNER: 'good' } })
  assert.equal(outcome, 'done')
  first.fleet.signal('SIGTERM')
  await first.fleet.ended

  const next = await startDeployable(first.fleet.folder)
  t.after(() => next.fleet.dispose())
  assert.deepEqual(await next.running(), ['b', 'b'])
  const deploying = next.deploy({ label: 'c', canary: { share: 0.5, forMs: 60_000 } })
  await until('the canary runs', () => next.told.includes('1 canaries'))
  next.fleet.signal('SIGTERM')
  const ended = await deploying
  assert.deepEqual(
    [ended.outcome, ended.number, ended.running, ended.reason],
    ['aborted', 3, 'b', 'the fleet was stopped'],
  )
  const { stdout } = await next.fleet.ended
  assert.match(stdout, /resuming version b \(deploy 2\)/)
})
