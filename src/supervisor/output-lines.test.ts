import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxLineLength, OutputLines } from './output-lines.ts'

function linesOf(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = []
  const output = new OutputLines((line) => lines.push(line))
  for (const chunk of chunks) output.write(Buffer.from(chunk))
  output.end()
  return lines
}

test('OutputLines joins a line that came in pieces', () => {
  assert.deepEqual(linesOf('on', 'e\ntw', 'o\n'), ['one', 'two'])
})

test('OutputLines keeps empty lines and drops carriage returns', () => {
  assert.deepEqual(linesOf('a\r\n\nb\n'), ['a', '', 'b'])
})

test('OutputLines passes on a last line without newline, once', () => {
  assert.deepEqual(linesOf('done\nbye'), ['done', 'bye'])
  assert.deepEqual(linesOf('done\n'), ['done'])
})

test('OutputLines does not break a character that came in two chunks', () => {
  const euro = Buffer.from('€\n')
  assert.deepEqual(linesOf(euro.subarray(0, 1), euro.subarray(1)), ['€'])
})

test('OutputLines cuts a line that never ends', () => {
  const lines = linesOf(...Array.from({ length: 5 }, () => 'x'.repeat(10_000)))
  assert.equal(lines.join(''), 'x'.repeat(50_000))
  assert.ok(lines.every((line) => line.length <= maxLineLength))
})

test('OutputLines cuts a long line that came whole', () => {
  const lines = linesOf(`${'y'.repeat(2 * maxLineLength)}\nz\n`)
  assert.deepEqual(lines, ['y'.repeat(maxLineLength), 'y'.repeat(maxLineLength), 'z'])
})
