import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeExit } from './death-reason.ts'

test('describeExit names the exit code or the signal, and whether it had been ready', () => {
  assert.equal(describeExit({ code: 1, signal: null }, false), 'exited with code 1 before it was ready')
  assert.equal(describeExit({ code: 0, signal: null }, true), 'exited with code 0')
  assert.equal(describeExit({ code: null, signal: 'SIGKILL' }, true), 'killed by SIGKILL')
  assert.equal(
    describeExit({ code: null, signal: 'SIGSEGV' }, false),
    'killed by SIGSEGV before it was ready',
  )
})
