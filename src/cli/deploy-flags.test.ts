import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAbortAlone, deployRequest, type DeployFlags } from './deploy-flags.ts'

test('deployRequest says what is to be deployed, and nothing that was not asked for', () => {
  assert.deepEqual(deployRequest([], {}, '/srv'), {})
  const flags = { dir: 'next', env: ['A=b=c'], label: 'v2', surge: '2', canary: '12.5%', for: '2m' }
  assert.deepEqual(deployRequest(['node', 'server.ts'], flags, '/srv'), {
    dir: '/srv/next',
    command: ['node', 'server.ts'],
    env: { A: 'b=c' },
    label: 'v2',
    surge: 2,
    canary: { share: 0.125, forMs: 120_000 },
  })
  assert.deepEqual(deployRequest([], { canary: '10%' }, '/').canary, { share: 0.1, forMs: 30_000 })
})

const wantedShare = 'wanted a share of the instances above 0% and below 100%, such as 10%'
const refused: readonly (readonly [flags: DeployFlags, message: string])[] = [
  [{ canary: '0%' }, `Cannot use --canary "0%": ${wantedShare}`],
  [{ canary: '100%' }, `Cannot use --canary "100%": ${wantedShare}`],
  [{ canary: '10' }, `Cannot use --canary "10": ${wantedShare}`],
  [{ for: '30s' }, 'Cannot use --for: wanted --canary beside it'],
  [
    { canary: '10%', for: '0s' },
    'Cannot use --for "0s": wanted a duration from 1ms to 1d, such as "30s" or "2m"',
  ],
  [{ surge: '0' }, 'Cannot use --surge "0": wanted a whole number from 1 to 16'],
  [{ env: ['A'] }, 'Cannot use --env "A": wanted NAME=VALUE'],
  [
    { env: ['PORT=1'] },
    'Cannot use --env "PORT": wanted other names than PORT, DROVER_INSTANCE, DROVER_EPOCH and DROVER_MARKER, which Drover gives to each instance itself',
  ],
  [{ label: 'a b' }, 'Cannot use --label "a b": wanted a label of up to 64 letters, digits or . _ + @ / -'],
]

for (const [flags, message] of refused) {
  test(message, () => {
    assert.throws(() => deployRequest([], flags, '/srv'), { code: 'OPTION_INVALID', message })
  })
}

test('checkAbortAlone lets only the flags that name a fleet stand beside --abort', () => {
  checkAbortAlone([], { abort: true, json: true, state: 'run' })
  const message = 'Cannot use --abort: wanted nothing to deploy beside it'
  for (const call of [() => checkAbortAlone(['node'], {}), () => checkAbortAlone([], { label: 'v2' })])
    assert.throws(call, { code: 'OPTION_INVALID', message })
})
