import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownPath } from './shown-path.ts'

test('shownPath is relative where that is shorter, and never empty', () => {
  assert.equal(shownPath('/app/run', '/app'), 'run')
  assert.equal(shownPath('/run', '/app/deep/down'), '/run')
  assert.equal(shownPath('/app', '/app'), '/app')
})
