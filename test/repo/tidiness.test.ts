// No test is switched off, no mark of unfinished work and no path of somebody's machine is left in a tracked file.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { readText, root } from './imports.ts'

const own = 'test/repo/tidiness.test.ts'
const textFile = /\.(?:ts|js|json|md|css|html|svg|lua|sql|ya?ml)$|^(?:LICENSE|\.ci\/run)$/
const generated = /(?:^|\/)(?:node_modules|dist|\.git|\.drover)\/|^package-lock\.json$/
const files = globSync(['**/*', '.*', '.ci/*'], {
  cwd: root,
  exclude: (path) => generated.test(`${path}/`),
}).filter((path) => textFile.test(path) && !generated.test(path))
const others = files.filter((path) => path !== own)

/** Lines that match, as path:line: text. */
function find(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}

test('the repository has files to look at, hidden ones and this one too', () => {
  assert.ok(files.length > 50)
  for (const path of [own, '.ci/run', '.oxlintrc.json', 'LICENSE']) assert.ok(files.includes(path), path)
})

test('no test is skipped, left to do, or run alone', () => {
  const switchedOff =
    /\b(?:test|it|describe|suite|t)\.(?:skip|todo|only)\b|[{,] *(?:skip|todo|only): *(?:true\b|['"`!]|process\b)/
  const tests = others.filter((path) => path.endsWith('.test.ts'))
  assert.deepEqual(find(switchedOff, tests), [])
})

test('no mark of unfinished work is left', () => {
  assert.deepEqual(find(/\b(?:TODO|FIXME|XXX|HACK)\b/, others), [])
})

test('no path of a particular machine is left', () => {
  assert.deepEqual(find(/(?<![\w.])\/(?:home|Users|work|root)\/\w/, others), [])
})

test('no rule of the compiler or the linter is switched off in a source file', () => {
  assert.deepEqual(find(/(?:oxlint|eslint)-disable|@ts-(?:ignore|nocheck)/, others), [])
})
