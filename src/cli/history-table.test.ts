import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryEntry } from '../control/deploying.ts'
import { historyLines } from './history-table.ts'

const painted = { paint: (style: unknown, text: string) => `<${String(style)}:${text}>` }
const plain = { paint: (_: unknown, text: string) => text }

const first: HistoryEntry = {
  number: 1,
  version: 'abc',
  dir: '/srv',
  command: ['node', 'server.ts'],
  startedAtMs: 0,
  endedAtMs: 3_000,
  outcome: 'done',
  reason: null,
  isCurrent: true,
}
const second: HistoryEntry = {
  ...first,
  number: 2,
  version: 'def',
  endedAtMs: null,
  outcome: 'failed',
  reason: 'not ready in 30 s',
  isCurrent: false,
}

test('historyLines show how each version fared, and which one runs', () => {
  assert.deepEqual(historyLines([first, second], 61_000, plain), [
    'NUMBER  VERSION  OUTCOME      STARTED  TOOK  COMMAND         WHY',
    '     1  abc      runs     1 m 1 s ago   3 s  node server.ts',
    '     2  def      failed   1 m 1 s ago     -  node server.ts  not ready in 30 s',
  ])
  const lines = historyLines([first, second], 61_000, painted)
  assert.match(lines[1] ?? '', /^<green: {5}1 /)
  assert.match(lines[2] ?? '', / <red:failed> /)
})
