import assert from 'node:assert/strict'
import { test } from 'node:test'
import { move, type ExchangeState } from './lifecycle.ts'

const states: ExchangeState[] = ['new', 'parked', 'attempting', 'passed', 'over']

const allowed = new Set([
  'new attempting',
  'new parked',
  'new over',
  'parked attempting',
  'parked over',
  'attempting attempting',
  'attempting parked',
  'attempting passed',
  'attempting over',
  'passed over',
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
  assert.throws(() => move('passed', 'attempting'))
})
