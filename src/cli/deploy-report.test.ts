import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeployEnded } from '../control/deploying.ts'
import { endLines, eventLine, failureText } from './deploy-report.ts'

const plain = { paint: (_: unknown, text: string) => text }
const ended: DeployEnded = {
  kind: 'ended',
  outcome: 'failed',
  version: 'v2',
  number: 2,
  running: 'v1',
  elapsedMs: 12_340,
  reason: 'instance 4 was not ready in 30 s',
  lines: ['Error: no database'],
}

test('eventLine shows each step with instance and seconds in columns', () => {
  const lines = [
    eventLine({ kind: 'begun', version: 'v2', number: 2, replaces: 'v1', instances: 3 }, plain),
    eventLine(
      { kind: 'instance', id: '4', version: 'v2', step: 'starting', elapsedMs: 40, detail: null },
      plain,
    ),
    eventLine({ kind: 'canary', instances: 1, forMs: 30_000, elapsedMs: 1_250 }, plain),
    eventLine(
      { kind: 'instance', id: '12', version: 'v2', step: 'died', elapsedMs: 61_000, detail: 'exited with 1' },
      plain,
    ),
    eventLine({ kind: 'progress', exchanged: 1, of: 3, elapsedMs: 1_234_500 }, plain),
  ]
  assert.deepEqual(lines, [
    'Deploying v2 (number 2) in place of v1 on 3 instances',
    '   0.0 s  instance 4   starting  v2',
    '   1.3 s  1 instance tried as canary for 30.0 s',
    '  61.0 s  instance 12  died      v2  exited with 1',
    '1234.5 s  1 of 3 exchanged',
  ])
})

test('the end says that the version runs, or why not and what the instance wrote last', () => {
  const done: DeployEnded = { ...ended, outcome: 'done', running: 'v2', reason: null, lines: [] }
  assert.deepEqual(endLines(done, plain), ['Done in 12.3 s: v2 runs'])
  assert.equal(failureText(done), undefined)
  assert.deepEqual(endLines(ended, plain), ['output | Error: no database'])
  assert.equal(failureText(ended), 'Cannot deploy v2: instance 4 was not ready in 30 s; v1 runs')
  const aborted = failureText({ ...ended, outcome: 'aborted', reason: null })
  assert.equal(aborted, 'Cannot deploy v2: it was given up; v1 runs')
})
