// The bugs for the shop can be put into it as it is today, and say a program and a flow.
import assert from 'node:assert/strict'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { kinds } from '../../src/prove/finding.ts'
import { flowFor, mutated, mutations } from './mutations.ts'

test('there is a bug of every kind for the shop', () => {
  const wanted = kinds.filter((kind) => kind !== 'unexplained')
  assert.deepEqual(
    wanted.filter((kind) => !mutations.some((mutation) => mutation.kind === kind)),
    [],
  )
})

for (const mutation of mutations)
  test(`the shop can have a bug of kind ${mutation.kind}`, async () => {
    const texts = [...(await mutated(mutation)).values()]
    for (const text of texts) assert.doesNotThrow(() => stripTypeScriptTypes(text))
    assert.ok(texts.some((text) => /\/\/ state:(?:declared|written)$/m.test(text)))
    assert.ok(flowFor(mutation).steps.length >= 5)
  })
