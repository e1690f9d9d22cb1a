import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMemory } from './memory-ballast.ts'
import { readChaosOptions } from './options.ts'

test('without a flag chaos kills an instance a second for a minute, after three calm ones', () => {
  assert.deepEqual(
    readChaosOptions({}, () => 42),
    { everyMs: { kill: 1_000 }, forMs: 60_000, calmMs: 3_000, seed: 42, memoryBytes: 0, storeRestart: '' },
  )
})

test('each flag adds its kind of fault, and kills come only where they are asked for', () => {
  const flags = {
    hang: true,
    slow: true,
    balancers: true,
    deploys: true,
    memory: '64mb',
    for: '30s',
    seed: '7',
  }
  const { everyMs, memoryBytes, seed } = readChaosOptions({ ...flags, storeRestart: 'true' })
  const wanted = {
    hang: 5_000,
    slow: 6_000,
    memory: 30_000,
    balancer: 5_000,
    deploy: 10_000,
    'store-restart': 15_000,
  }
  assert.deepEqual({ everyMs, memoryBytes, seed }, { everyMs: wanted, memoryBytes: 64 * 1024 ** 2, seed: 7 })
  assert.deepEqual(readChaosOptions({ killEvery: '250ms', hang: true }).everyMs, { kill: 250, hang: 5_000 })
})

const bad: readonly (readonly [flags: object, message: RegExp])[] = [
  [{ killEvery: 'often' }, /^Cannot use --kill-every "often": wanted a time from 100ms to 1h/],
  [{ killEvery: '1ms' }, /^Cannot use --kill-every "1ms"/],
  [{ for: '2h' }, /^Cannot use --for "2h"/],
  [{ calm: '-1s' }, /^Cannot use --calm "-1s": wanted a time from 0ms/],
  [{ seed: '1.5' }, /^Cannot use --seed "1.5": wanted a whole number/],
  [{ seed: '4294967296' }, /^Cannot use --seed/],
  [{ memory: 'much' }, /^Cannot use --memory "much": wanted a size above zero/],
  [{ storeRestart: ' ' }, /^Cannot use --store-restart " ": wanted a command/],
]

for (const [flags, message] of bad) {
  test(`${JSON.stringify(flags)} is refused`, () => {
    assert.throws(() => readChaosOptions(flags), { code: 'OPTION_INVALID', message })
  })
}

test('checkMemory refuses more than half of what is free', () => {
  checkMemory(50, 100)
  const gb = 1024 ** 3
  assert.throws(() => checkMemory(2 * gb, 3 * gb), {
    code: 'OPTION_INVALID',
    message: 'Cannot use --memory "2048mb": wanted at most half of what is free, 1536mb',
  })
})
