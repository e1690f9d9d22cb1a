import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Readiness } from './readiness.ts'

function readinessOf(check: (() => unknown) | undefined, timeoutMs = 10_000) {
  const warnings: string[] = []
  const readiness = new Readiness(check, timeoutMs, (text) => warnings.push(text))
  return { readiness, warnings }
}

test('without a check, and with one that does not say no, it is ready', async () => {
  assert.equal(await readinessOf(undefined).readiness.isReady(), true)
  assert.equal(await readinessOf(() => true).readiness.isReady(), true)
  assert.equal(await readinessOf(async () => undefined).readiness.isReady(), true)
  assert.equal(await readinessOf(async () => false).readiness.isReady(), false)
})

test('a check that throws or rejects means no, and is told once until it changes', async () => {
  let reason: Error | undefined = new Error('no database')
  const { readiness, warnings } = readinessOf(() => {
    if (reason !== undefined) throw reason
  })
  assert.equal(await readiness.isReady(), false)
  assert.equal(await readiness.isReady(), false)
  reason = new Error('wrong password')
  assert.equal(await readiness.isReady(), false)
  reason = undefined
  assert.equal(await readiness.isReady(), true)
  assert.deepEqual(warnings, [
    'The readiness check failed: no database',
    'The readiness check failed: wrong password',
  ])
})

test('a check that hangs means no, and is never asked a second time beside itself', async () => {
  let asked = 0
  const gate = Promise.withResolvers<boolean>()
  const { readiness, warnings } = readinessOf(() => {
    asked += 1
    return gate.promise
  }, 5)
  assert.deepEqual(await Promise.all([readiness.isReady(), readiness.isReady()]), [false, false])
  assert.deepEqual([asked, warnings], [1, ['The readiness check failed: it took longer than 5 ms']])
  gate.resolve(true)
  assert.equal(await readiness.isReady(), true)
})
