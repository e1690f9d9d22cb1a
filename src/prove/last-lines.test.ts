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

test('what npm says of a script is told only where the app itself says nothing', () => {
  const npm = ['> start', '> node app.js', 'npm ERR! code ELIFECYCLE']
  assert.deepEqual(toldLines([...npm, 'DB is not set', 'npm error Lifecycle script failed']), [
    'the app wrote: DB is not set',
  ])
  assert.equal(toldLines(npm).length, 3)
})
