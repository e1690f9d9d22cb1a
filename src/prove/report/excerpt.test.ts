import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noCause } from '../../../test/prove/sample-proof.ts'
import { excerptsOf, readExcerpts } from './excerpt.ts'

const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`)

test('marks that are near share an excerpt; others have their own', () => {
  const ranges = (...marked: readonly number[]) => {
    const marks = marked.map((line) => ({ line, role: 'written' }) as const)
    return excerptsOf('a.js', lines, marks).map((one) => [one.firstLine, one.lines.length])
  }
  assert.deepEqual(ranges(1, 8), [[1, 11]])
  assert.deepEqual(ranges(5, 30), [
    [2, 7],
    [27, 7],
  ])
  assert.deepEqual(ranges(40), [[37, 4]])
  assert.deepEqual(ranges(0, 41), [])
})

test('a file that is gone, or is a folder, has no excerpt', async () => {
  const gone = { ...noCause, writtenAt: { file: 'no-such-file.js', line: 1, text: undefined } }
  assert.deepEqual(await readExcerpts(import.meta.dirname, gone), [])
  const folder = { ...noCause, writtenAt: { file: '.', line: 1, text: undefined } }
  assert.deepEqual(await readExcerpts(import.meta.dirname, folder), [])
})

test('an excerpt is read from the folder of the app', async () => {
  const writtenAt = { file: 'excerpt.test.ts', line: 1, text: undefined }
  const [excerpt] = await readExcerpts(import.meta.dirname, { ...noCause, writtenAt })
  assert.equal(excerpt?.lines[0], "import assert from 'node:assert/strict'")
  assert.deepEqual(excerpt.marks, [{ line: 1, role: 'written' }])
})
