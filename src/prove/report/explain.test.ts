import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '../finding.ts'
import { explanations } from './explain/explanations.ts'
import { explanationLines, kindList, readKind } from './explain.ts'

test('the list has every kind, and says how to read of one', () => {
  const list = kindList('npx drover')
  for (const kind of kinds)
    assert.ok(
      list.some((line) => line.startsWith(`${kind} `)),
      kind,
    )
  assert.equal(list.at(-1), 'More about one: npx drover prove --explain in-memory-session')
})

for (const kind of kinds)
  test(`${kind} is told: what it is, how it shows, how to fix it, before and after`, () => {
    const lines = explanationLines(kind, (text) => `# ${text}`)
    const headings = lines.filter((line) => line.startsWith('# '))
    assert.deepEqual(headings.slice(1), [
      '# What it is',
      '# How it shows',
      '# How to fix it',
      '# Before',
      '# After',
    ])
    const { title, ...texts } = explanations[kind]
    assert.match(title, /^[A-Z].*[^.]$/)
    for (const text of [texts.what, texts.shows, texts.standard]) assert.match(text, /\.$/)
    assert.notEqual(texts.before, texts.after)
    for (const line of lines) assert.ok(line.length <= 120, line)
  })

test('a word that is no kind is refused, with a guess', () => {
  assert.throws(
    () => readKind('modul-state'),
    /^DroverError: Cannot explain "modul-state": there is no such kind, did you mean module-state\?$/,
  )
  assert.throws(() => readKind('zzz'), /see --explain alone/)
})
