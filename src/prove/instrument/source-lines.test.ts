import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { originalOf } from './source-lines.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-source-lines-'))
  mkdirSync(join(folder, 'src'))
  for (const name of ['cart.ts', 'main.ts']) writeFileSync(join(folder, 'src', name), '')
})
after(() => {
  rmSync(folder, { recursive: true })
})

// Line 1 is line 3 of the first source, line 2 line 1 of the second, line 3 line 1 of the third.
const mappings = 'AAEA;ACFA;ACAA'

function mapped(sources: readonly string[]) {
  const map = { version: 3, sources, names: [], mappings }
  const data = Buffer.from(JSON.stringify(map)).toString('base64')
  const file = join(folder, 'dist', 'main.js')
  return originalOf(`a\nb\nc\n//# sourceMappingURL=data:application/json;base64,${data}`, file)
}

test('each line of a bundle is of the file that it was made of', () => {
  const original = mapped(['../src/cart.ts', '../src/main.ts', '../node_modules/koa/lib/application.js'])
  assert.deepEqual(original?.placeAt(1, 1), { file: join(folder, 'src/cart.ts'), line: 3 })
  assert.deepEqual(original?.placeAt(2, 1), { file: join(folder, 'src/main.ts'), line: 1 })
})

test('what a bundle has taken of a package is told', () => {
  const original = mapped(['../src/cart.ts', '../src/main.ts', '../node_modules/koa/lib/application.js'])
  assert.equal(original?.packageAt(2, 1), undefined)
  assert.equal(original?.packageAt(3, 1), 'koa')
})

test('names of a bundler are looked for above what it wrote', () => {
  const original = mapped([
    'webpack://shop/./src/cart.ts',
    'webpack:///./src/main.ts',
    'webpack://shop/gone.ts',
  ])
  assert.equal(original?.placeAt(1, 1)?.file, join(folder, 'src/cart.ts'))
  assert.equal(original?.placeAt(2, 1)?.file, join(folder, 'src/main.ts'))
})

test('a source that is not there cannot be named', () => {
  assert.equal(mapped(['../src/gone.ts', '../src/main.ts', 'c.ts'])?.placeAt(1, 1), undefined)
})
