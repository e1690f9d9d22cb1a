import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffRows, folded } from './diff.ts'

function sides(left: string, right: string): readonly string[] {
  return diffRows(left.split(''), right.split('')).map(
    (row) => `${row.left ?? '-'}${row.isSame ? '=' : '|'}${row.right ?? '-'}`,
  )
}

test('what is the same on both sides stands beside itself', () => {
  assert.deepEqual(sides('abcd', 'axcyd'), ['a=a', 'b|x', 'c=c', '-|y', 'd=d'])
  assert.deepEqual(sides('ab', 'ab'), ['a=a', 'b=b'])
  assert.deepEqual(diffRows([], ['a']), [{ left: undefined, right: 'a', isSame: false }])
})

test('texts of thousands of lines keep all their lines', () => {
  const long = Array.from({ length: 5_000 }, (_, index) => String(index))
  const rows = diffRows(long, long.slice(1))
  assert.deepEqual(
    rows.flatMap(({ left }) => left ?? []),
    long,
  )
})

test('equal lines far from a difference are left out, and counted', () => {
  const rows = diffRows('abcdefXgh'.split(''), 'abcdefYgh'.split(''))
  const shape = folded(rows, 1).map((row) => (typeof row === 'number' ? row : (row.left ?? '')))
  assert.deepEqual(shape, [5, 'f', 'X', 'g', 'h'])
})
