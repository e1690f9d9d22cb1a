// Deploys of a real fleet under load: what is good takes over and nobody notices; what is not goes, and the version before stays.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { until } from '../support/until.ts'
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

test('a deploy under load exchanges every instance, and no request fails', async () => {
  await until('version a answers', () => crowd.versions.includes('a'))
  const ended = await deployable.deploy({ label: 'b' })
  assert.deepEqual(
    [ended.outcome, ended.version, ended.running, ended.reason, ended.number],
    ['done', 'b', 'b', null, 2],
  )
  assert.deepEqual(await deployable.running(), ['b', 'b'])
  const { answers, failures } = crowd.take()
  assert.deepEqual(failures, [])
  assert.deepEqual([...answers.keys()].toSorted(), ['a', 'b'])
  const { told } = deployable
  assert.equal(told[0], 'b for a')
  for (const step of ['b starting', 'b ready', 'b healthy', 'a draining'])
    assert.equal(told.filter((line) => line === step).length, 2, step)
  const counts = told.filter((line) => line.includes(' of '))
  assert.deepEqual(counts, ['1 of 2', '2 of 2'])
  await crowd.untilOnly('b')
})

test('a version that exits at its start fails, with its last words, and none of its requests', async () => {
  const ended = await deployable.deploy({ label: 'c', env: { MANNER: 'exits' } })
  assert.deepEqual([ended.outcome, ended.running], ['failed', 'b'])
  assert.match(ended.reason ?? '', /^instance \d of version c exited with code 3 before it was ready$/)
  assert.deepEqual(ended.lines, ['the table of prices is missing'])
  assert.deepEqual(await deployable.running(), ['b', 'b'])
  const { answers, failures } = crowd.take()
  assert.deepEqual(failures, [])
  assert.deepEqual([...answers.keys()], ['b'])
})

test('while canaries are looked at, no other deploy begins; given up, they go and nobody notices', async () => {
  const deploying = deployable.deploy({ label: 'd', canary: { share: 0.1, forMs: 60_000 } })
  await until('the canary is good', () => deployable.told.includes('b draining'))
  assert.deepEqual((await deployable.running()).toSorted(), ['b', 'd'])
  await assert.rejects(
    deployable.client.deploy({}, () => undefined),
    (error) => isDroverError(error, 'DEPLOY_RUNNING') && error.message.endsWith('version d goes on'),
  )
  assert.deepEqual(await deployable.client.abortDeploy(), { version: 'd' })
  const { outcome, running: now, reason } = await deploying
  assert.deepEqual([outcome, now, reason], ['aborted', 'b', 'it was given up'])
  assert.deepEqual(await deployable.running(), ['b', 'b'])
  assert.deepEqual(crowd.take().failures, [])
  assert.deepEqual(await deployable.client.abortDeploy(), { version: null })
})

test('a command that cannot be run, and variables that are Drover’s own, are refused before anything begins', async () => {
  const refused = (request: Parameters<typeof deployable.deploy>[0], message: RegExp) =>
    assert.rejects(
      deployable.deploy(request),
      (error) => isDroverError(error, 'OPTION_INVALID') && message.test(error.message),
    )
  await refused({ command: ['no-such-program'] }, /^Cannot deploy: no such command "no-such-program"$/)
  await refused({ dir: '/no/such/folder' }, /"\/no\/such\/folder"/)
  await refused({ env: { PORT: '1' } }, /PORT/)
  assert.deepEqual(deployable.told, [])
})

test('an instance that is killed while a deploy goes on does not make it fail', async () => {
  const deploying = deployable.deploy({ label: 'e', canary: { share: 0.5, forMs: 1_500 } })
  await until('the new version is there', () => deployable.told.includes('e ready'))
  const { instances } = await deployable.client.status()
  const victim = instances.find(({ version, pid }) => version === 'e' && pid !== null)
  if (victim?.pid != null) process.kill(victim.pid, 'SIGKILL')
  const { outcome, reason } = await deploying
  assert.deepEqual([outcome, reason], ['done', null])
  assert.ok(deployable.told.includes('e died'))
  crowd.take()
})

test('a rollback brings back the version before, with what it was run with', async () => {
  const ended = await deployable.client.rollback({}, () => undefined)
  assert.deepEqual([ended.outcome, ended.version, ended.running], ['done', 'b', 'b'])
  assert.deepEqual(crowd.take().failures, [])
  await assert.rejects(
    deployable.client.rollback({ number: 3 }, () => undefined),
    (error) => isDroverError(error, 'VERSION_UNKNOWN'),
  )
  const history = await deployable.client.history()
  assert.deepEqual(
    history.map(({ number, version, outcome, isCurrent }) => `${number} ${version} ${outcome} ${isCurrent}`),
    [
      '1 a done false',
      '2 b done false',
      '3 c failed false',
      '4 d aborted false',
      '5 e done false',
      '6 b done true',
    ],
  )
})
