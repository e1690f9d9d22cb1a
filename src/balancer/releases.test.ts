import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Releases } from './releases.ts'

test('Releases tells once, all who wait, when that start of the instance is no longer held', () => {
  const held = new Set(['1#1', '1#2'])
  const told: string[] = []
  const releases = new Releases((id, epoch) => held.has(`${id}#${epoch}`))
  releases.await('1', 1, () => told.push('first'))
  releases.await('1', 1, () => told.push('second'))
  releases.await('1', 2, () => told.push('later'))
  releases.look()
  assert.deepEqual(told, [])
  held.delete('1#1')
  releases.look()
  releases.look()
  assert.deepEqual(told, ['first', 'second'])
  held.delete('1#2')
  releases.look()
  assert.deepEqual(told, ['first', 'second', 'later'])
})

test('Releases tells at once of what is not held', () => {
  let told = 0
  new Releases(() => false).await('1', 1, () => told++)
  assert.equal(told, 1)
})
