import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clip, createScreen } from './screen.ts'

function record(isLive: boolean) {
  const out: string[] = []
  const screen = createScreen({ out: (line) => out.push(line) }, isLive, () => ({ columns: 10, rows: 4 }))
  return { out, screen }
}

test('a screen draws over its last lines, hides the cursor meanwhile and gives it back', () => {
  const { out, screen } = record(true)
  screen.show(['one', 'two'])
  screen.show(['three'])
  screen.show(['four'])
  screen.end()
  assert.deepEqual(out, [
    '\u001b[?25l\u001b[0Jone\ntwo',
    '\u001b[2A\r\u001b[0Jthree',
    '\u001b[1A\r\u001b[0Jfour',
    '\u001b[?25h',
  ])
})

test('a screen never draws what does not fit: the way back up would be a wrong one', () => {
  const { out, screen } = record(true)
  screen.show(['a line that is too long', '2', '3', '4', '5'])
  assert.equal(out[0], '\u001b[?25l\u001b[0Ja line tha\n2\n3')
})

test('where nobody looks, lines follow each other, without a single escape', () => {
  const { out, screen } = record(false)
  screen.show(['a line that is too long'])
  screen.show(['two'])
  screen.end()
  assert.deepEqual(out, ['a line that is too long', '\ntwo'])
})

const clips: readonly (readonly [line: string, width: number, clipped: string])[] = [
  ['short', 10, 'short'],
  ['exact', 5, 'exact'],
  ['longer', 4, 'long'],
  ['\u001b[32mgreen\u001b[39m', 5, '\u001b[32mgreen\u001b[39m'],
  ['\u001b[32mgreen\u001b[39m!', 2, '\u001b[32mgr\u001b[39m'],
]

for (const [line, width, clipped] of clips) {
  test(`clip counts what can be seen in ${JSON.stringify(line)}`, () => {
    assert.equal(clip(line, width), clipped)
  })
}
