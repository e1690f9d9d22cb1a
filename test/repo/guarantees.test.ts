// docs/guarantees.md and docs/tokens.md: each guarantee names a test that is there, and no known pain of sessions is left without one.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readText, root } from './imports.ts'

interface Row {
  readonly guarantee: string
  readonly file: string
  readonly title: string
}

const pages = ['docs/guarantees.md', 'docs/tokens.md'].map(readText).join('\n')

/** A line below the head of a table, whose last cell names the test. */
const rows: readonly Row[] = [...pages.matchAll(/^\|.*\| shown by +\|\n\| -+ \|.*\n((?:\|.*\n)+)/gm)]
  .flatMap(([, body = '']) => body.trimEnd().split('\n'))
  .map((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const match = /^`([^`]+)`: (.+)$/.exec(cells.at(-2) ?? '')
    return { guarantee: cells[1] ?? '', file: match?.[1] ?? '', title: match?.[2] ?? '' }
  })

/** Pains of sessions and tokens, by the numbers that bench/pains gives them too. */
const pains = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

test('docs/guarantees.md and docs/tokens.md have a row for every known pain of sessions and tokens', () => {
  const numbered = new Set(rows.map(({ guarantee }) => Number(/^(\d+)\./.exec(guarantee)?.[1])))
  assert.deepEqual(
    pains.filter((pain) => !numbered.has(pain)),
    [],
  )
})

test('every test that docs/guarantees.md and docs/tokens.md name is there, under that title', () => {
  assert.ok(rows.length > 80)
  const missing = rows.filter(({ file, title }) => {
    return (
      !existsSync(join(root, file)) ||
      !readText(file)
        .replaceAll(/\s*\n\s*/g, ' ')
        .includes(title)
    )
  })
  assert.deepEqual(missing, [])
})
