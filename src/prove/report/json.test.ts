import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanShop, hostileApp, statefulShop, undecidedShop } from '../../../test/prove/sample-proof.ts'
import { jsonReport } from './json.ts'

const keys = [
  'version',
  'tool',
  'app',
  'verdict',
  'summary',
  'seed',
  'schedules',
  'why',
  'findings',
  'tests',
  'coverage',
  'limits',
  'hints',
  'reproduce',
  'durationMs',
  'finishedAt',
]

test('every verdict has the same keys, and says its version', () => {
  for (const input of [cleanShop, statefulShop, undecidedShop, hostileApp]) {
    const report = JSON.parse(jsonReport(input)) as Record<string, unknown>
    assert.deepEqual(Object.keys(report), keys)
    assert.equal(report['version'], 1)
    assert.equal(report['verdict'], input.proof.verdict.verdict)
  }
})

test('every finding has the same keys, with null where there is nothing', () => {
  const { findings } = JSON.parse(jsonReport(hostileApp)) as { findings: Record<string, unknown>[] }
  assert.equal(findings.length, 16)
  for (const finding of findings) {
    assert.deepEqual(Object.keys(finding), [
      'kind',
      'text',
      'cause',
      'difference',
      'modes',
      'writer',
      'reader',
      'witness',
      'tests',
      'remedies',
    ])
    const { cause, modes } = finding as { cause: object; modes: object }
    assert.deepEqual(Object.keys(cause), [
      'holder',
      'declaredAt',
      'writtenAt',
      'files',
      'package',
      'evidence',
      'placeFrom',
    ])
    assert.deepEqual(modes, { 'private-disk': true, 'shared-disk': false, restart: null })
  }
})
