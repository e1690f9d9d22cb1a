import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAttempting, move, type ExchangeState } from './lifecycle.ts'

const states: ExchangeState[] = [
  'new',
  'parked',
  'not-sent',
  'sent',
  'responded',
  'passed',
  'tunnelled',
  'over',
]

const allowed = new Set([
  'new not-sent',
  'new parked',
  'new over',
  'parked not-sent',
  'parked over',
  'not-sent sent',
  'not-sent not-sent',
  'not-sent parked',
  'not-sent over',
  'sent responded',
  'sent tunnelled',
  'sent not-sent',
  'sent parked',
  'sent over',
  'responded passed',
  'responded not-sent',
  'responded parked',
  'responded over',
  'passed over',
  'tunnelled over',
])

test('move makes the moves of the lifecycle and no others', () => {
  for (const from of states) {
    for (const to of states) {
      if (allowed.has(`${from} ${to}`)) assert.equal(move(from, to), to)
      else assert.throws(() => move(from, to), /^Error: Cannot move an exchange from "/, `${from} ${to}`)
    }
  }
})

test('move never repeats what the client has bytes of, and never leaves the end', () => {
  for (const to of states) assert.equal(allowed.has(`over ${to}`), false)
  assert.throws(() => move('passed', 'not-sent'))
})

test('isAttempting tells the states of an attempt from the others', () => {
  assert.deepEqual(
    states.filter((state) => isAttempting(state)),
    ['not-sent', 'sent', 'responded', 'passed'],
  )
})
