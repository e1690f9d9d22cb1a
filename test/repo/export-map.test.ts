// Each public subpath has a source that says what it is for, a place in dist, and a word in the documentation.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { listFiles, readText, root } from './imports.ts'
import { readManifest } from './manifest.ts'

const subpaths = Object.entries(readManifest().exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name, target }],
)
const documentation = ['README.md', ...listFiles('docs/**/*.md')]
  .filter((path) => existsSync(join(root, path)))
  .map(readText)
  .join('\n')

test('package.json exports something', () => {
  assert.ok(subpaths.length >= 4)
})

for (const { name, target } of subpaths) {
  const specifier = name.replace('.', 'drover')

  test(`${specifier}: its source exists and opens with its job`, () => {
    assert.match(target.source, /^\.\/src\/.+\.ts$/)
    assert.match(readText(target.source), /^(\/\/ \S|\/\*\*\s)/)
  })

  test(`${specifier}: dist mirrors src, and types come before code`, () => {
    const built = target.source.replace('./src/', './dist/').replace(/\.ts$/, '')
    assert.deepEqual(target, { source: target.source, types: `${built}.d.ts`, default: `${built}.js` })
    // Node and TypeScript take the first condition that matches.
    assert.deepEqual(Object.keys(target), ['source', 'types', 'default'])
  })

  test(`${specifier}: README or docs show how to import it`, () => {
    assert.ok(documentation.includes(`'${specifier}'`), `no page says from '${specifier}'`)
  })
}
