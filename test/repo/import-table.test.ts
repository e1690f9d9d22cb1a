// The rooms of src/ import only what the table allows, and the two wings never meet.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importTable, libraryWing, runtimeWing } from './import-table.ts'
import { importsOf, isTest, listFiles, parseImports, reach, roomOf } from './imports.ts'
import type { Import } from './imports.ts'

const sources = listFiles('src/**/*.ts')

/** What tests share, and the kit that drover/testing offers to everybody's tests. */
function isForTests(path: string): boolean {
  return path.startsWith('test/support/') || path.startsWith('src/testing/')
}

function isAllowed({ from, to, isTypeOnly }: Import): boolean {
  if (to === undefined || (isTest(from) && isForTests(to))) return true
  const own = roomOf(from)
  const room = roomOf(to)
  if (room === own || room === 'base') return true
  const allowed = importTable[own] ?? []
  const file = to.slice('src/'.length)
  return allowed.includes(room) || allowed.includes(file) || (isTypeOnly && allowed.includes(`type ${room}`))
}

test('every room of src/ stands in the import table', () => {
  const rooms = new Set(sources.map(roomOf))
  assert.ok(rooms.size > 5)
  assert.deepEqual(
    [...rooms].filter((room) => importTable[room] === undefined),
    [],
  )
})

test('no file of src/ imports beyond the import table, types included', () => {
  const imports = sources.flatMap(importsOf)
  assert.ok(imports.some(({ isTypeOnly }) => isTypeOnly))
  const wrong = imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} imports ${to}`)
  assert.deepEqual(wrong, [])
})

test('base imports nothing but node: modules and itself', () => {
  const wrong = listFiles('src/base/*.ts')
    .flatMap(importsOf)
    .filter(({ specifier, to }) => to === undefined && !specifier.startsWith('node:'))
  assert.deepEqual(wrong, [])
})

for (const [wing, other] of [
  [libraryWing, runtimeWing],
  [runtimeWing, libraryWing],
] as const) {
  test(`nothing of ${wing.slice(0, 3).join(', ')} … reaches ${other.slice(0, 3).join(', ')} …, however indirectly`, () => {
    const starts = sources.filter((path) => wing.includes(roomOf(path)) && !isTest(path))
    assert.ok(starts.length > 5)
    const wrong = starts.flatMap((start) =>
      [...reach(start)]
        .filter(([path]) => other.includes(roomOf(path)))
        .map(([path, via]) => `${start} reaches ${path} through ${via}`),
    )
    assert.deepEqual(wrong, [])
  })
}

test('what is shipped never imports a test, nor anything outside src/', () => {
  const wrong = sources
    .filter((path) => !isTest(path))
    .flatMap(importsOf)
    .filter(({ to }) => to !== undefined && (isTest(to) || !to.startsWith('src/')))
    .map(({ from, to }) => `${from} imports ${to}`)
  assert.deepEqual(wrong, [])
})

test('parseImports sees every form of import, and which of them are types', () => {
  const text = [
    "import a from './a.ts'",
    "import type { B } from './b.ts'",
    "export type { C } from './c.ts'",
    "export * from './d.ts'",
    "const e = await import('./e.ts')",
    "type F = import('./f.ts').F",
    "new Worker(new URL('./g.ts', import.meta.url))",
    "new URL(dist ? './h.js' : './h.ts', import.meta.url)",
    'new URL(`i${extname(import.meta.url)}`, import.meta.url)',
    "new URL('./no.ts', 'http://example.org')",
    "// import './no.ts'",
  ].join('\n')
  const found = parseImports('x.ts', text).map(({ specifier, isTypeOnly }) => [specifier, isTypeOnly])
  assert.deepEqual(found, [
    ['./a.ts', false],
    ['./b.ts', true],
    ['./c.ts', true],
    ['./d.ts', false],
    ['./e.ts', false],
    ['./f.ts', true],
    ['./g.ts', false],
    ['./h.ts', false],
    ['./i.ts', false],
  ])
})
