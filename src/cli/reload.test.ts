import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reloadedLines } from './reload.ts'

const nothing = { applied: [], restart: [], certificates: false, replaced: 0, cut: 0 }

test('reloadedLines says so when there is nothing to apply', () => {
  assert.deepEqual(reloadedLines(nothing), ['Nothing to apply'])
})

test('reloadedLines tells what was applied, what was not, and what it cost', () => {
  const all = { applied: ['limits', 'tls'], restart: ['port'], certificates: true, replaced: 2, cut: 1 }
  assert.deepEqual(reloadedLines(all), [
    'Applied: limits, tls',
    'Certificates were read again',
    'Needs a restart of drover up: port',
    'Replaced 2 balancers',
    'Cut by the drain timeout: 1 request',
  ])
  assert.deepEqual(reloadedLines({ ...nothing, replaced: 1 }), ['Nothing to apply', 'Replaced the balancer'])
})
