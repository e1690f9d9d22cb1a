import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextPrimaryState, primaryMoves, type PrimaryEvent, type PrimaryState } from './primary-state.ts'

const states: readonly PrimaryState[] = ['idle', 'opening', 'starting', 'running', 'stopping', 'stopped']
const events: readonly PrimaryEvent[] = ['open', 'opened', 'allReady', 'stop', 'ended']

for (const state of states) {
  test(`nextPrimaryState makes the moves of "${state}" and refuses all others`, () => {
    for (const event of events) {
      const next = primaryMoves[state][event]
      if (next !== undefined) assert.equal(nextPrimaryState(state, event), next)
      else
        assert.throws(
          () => nextPrimaryState(state, event),
          /^Error: Cannot apply "\w+" to the primary: it is /,
        )
    }
  })
}

test('nextPrimaryState leads from every state but the last to a stop', () => {
  for (const state of states.slice(0, 4)) assert.equal(nextPrimaryState(state, 'stop'), 'stopping')
})
