import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesIn, quoted, statementsOn } from './statements.ts'

test('statementsOn: a name for each text, the same in every process and other in another schema', () => {
  const here = Object.values(statementsOn(namesIn('here')))
  const there = Object.values(statementsOn(namesIn('there')))
  const names = [...here, ...there].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.deepEqual(statementsOn(namesIn('here')), statementsOn(namesIn('here')))
  // PostgreSQL cuts longer ones.
  assert.ok(names.every((name) => name.length < 64))
})

test('namesIn: a schema is quoted, and has a channel and locks of its own', () => {
  assert.equal(quoted('a "b"'), '"a ""b"""')
  assert.equal(namesIn('a "b"').session, '"a ""b""".drover_session')
  assert.equal(namesIn(undefined).session, 'drover_session')
  assert.notEqual(namesIn('one').channel, namesIn('two').channel)
  assert.notEqual(namesIn('one').lockClass, namesIn('two').lockClass)
  assert.match(namesIn('long'.repeat(100)).channel, /^[a-z0-9_]{1,63}$/)
})
