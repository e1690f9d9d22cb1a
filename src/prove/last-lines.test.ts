import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toldLines } from './last-lines.ts'

test('what the app wrote is told without the frames of Node itself', () => {
  const lines = [
    "Error: Cannot find module 'stripe'",
    '    at Module._load (node:internal/modules/cjs/loader:1341:5)',
    '    at Object.<anonymous> (/app/server.js:1:26)',
    '',
    'Node.js v24.0.0',
  ]
  assert.deepEqual(toldLines(lines), [
    "the app wrote: Error: Cannot find module 'stripe'",
    'the app wrote:     at Object.<anonymous> (/app/server.js:1:26)',
    'the app wrote: Node.js v24.0.0',
  ])
})
