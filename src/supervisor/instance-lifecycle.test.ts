import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstanceState } from './fleet-options.ts'
import type { InstanceEvent } from './instance-lifecycle.ts'
import { nextState } from './instance-lifecycle.ts'

const events: readonly InstanceEvent[] = ['start', 'ready', 'drain', 'stop', 'died', 'ended']

// One row a state, one column an event; a dash is an illegal move.
const table: Readonly<Record<InstanceState, readonly string[]>> = {
  //          start       ready    drain       stop        died       ended
  stopped: ['starting', '-', '-', '-', '-', '-'],
  starting: ['-', 'ready', '-', 'stopping', 'backoff', '-'],
  ready: ['-', '-', 'draining', 'stopping', 'backoff', '-'],
  draining: ['-', '-', '-', 'stopping', 'stopped', '-'],
  backoff: ['starting', '-', '-', 'stopped', '-', '-'],
  stopping: ['-', '-', '-', '-', '-', 'stopped'],
}

const states: readonly InstanceState[] = ['stopped', 'starting', 'ready', 'draining', 'backoff', 'stopping']

for (const state of states) {
  for (const [column, event] of events.entries()) {
    const expected = table[state][column]
    if (expected === '-') {
      test(`nextState refuses "${event}" when ${state}`, () => {
        assert.throws(() => nextState(state, event), new RegExp(`Cannot apply "${event}".*it is ${state}`))
      })
    } else {
      test(`nextState goes from ${state} to ${expected} on "${event}"`, () => {
        assert.equal(nextState(state, event), expected)
      })
    }
  }
}
