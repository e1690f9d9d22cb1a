import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './table.ts'

test('formatTable aligns columns to their widest cell', () => {
  const columns = [
    { title: 'ID', align: 'left' },
    { title: 'PID', align: 'right' },
    { title: 'STATE', align: 'left' },
  ] as const
  const rows = [
    ['1', '12345', 'ready'],
    ['100', '7', ''],
  ]
  assert.deepEqual(formatTable(columns, rows), ['ID     PID  STATE', '1    12345  ready', '100      7'])
})

test('formatTable of no rows is its titles', () => {
  assert.deepEqual(formatTable([{ title: 'ID', align: 'left' }], []), ['ID'])
})
