// Versions that nobody would want: what a real fleet under load does about them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Crowd, startDeployable, type DeployableFleet } from './deployable.ts'

let deployable: DeployableFleet
let crowd: Crowd

before(async () => {
  deployable = await startDeployable()
  crowd = new Crowd(deployable.fleet.url)
})
after(async () => {
  await crowd.end()
  await deployable.fleet.dispose()
})

test('a version that never becomes ready fails when its time is over', async () => {
  const ended = await deployable.deploy({ label: 'b', env: { MANNER: 'waits' } })
  assert.deepEqual([ended.outcome, ended.running], ['failed', 'a'])
  assert.match(
    ended.reason ?? '',
    /version b was not ready within 4000 ms: GET \/health on its PORT \(\d+\) was not answered with 2xx$/,
  )
  assert.deepEqual(crowd.take().failures, [])
})

test('a version that answers with errors goes, and the version before is back in full', async () => {
  const ended = await deployable.deploy({ label: 'b', env: { MANNER: 'errs' } })
  assert.deepEqual([ended.outcome, ended.running], ['failed', 'a'])
  assert.match(ended.reason ?? '', /^version b failed \d+ of \d+ requests \(100.0 %\); version a: 0.0 %$/)
  assert.ok(ended.lines.includes('cannot read the prices'))
  assert.deepEqual(await deployable.running(), ['a', 'a'])
  const { failures } = crowd.take()
  assert.ok(failures.length > 0 && failures.every((failure) => failure.includes('500 b')))
  await crowd.untilOnly('a')
})

test('a version that is much slower goes', async () => {
  const ended = await deployable.deploy({
    label: 'b',
    env: { MANNER: 'slow' },
    canary: { share: 0.5, forMs: 60_000 },
  })
  assert.deepEqual([ended.outcome, ended.running], ['failed', 'a'])
  assert.match(
    ended.reason ?? '',
    /^version b needs up to \d+ ms for nine of ten requests; version a: \d+ ms$/,
  )
  assert.deepEqual(crowd.take().failures, [])
})
