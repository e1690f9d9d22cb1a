import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instrumenter } from './instrumenter.ts'

const counter = 'let hits = 0\nmodule.exports = () => { hits += 1 }\n'

test('a program is rewritten', () => {
  assert.notEqual(new Instrumenter().instrument(counter, '/app/a.js', 'commonjs', 'js'), counter)
})

test('a minified program is left alone: its lines tell nothing', () => {
  const minified = `${'function f(a){a.b=1;return a};'.repeat(400)}\n${counter}`
  assert.equal(new Instrumenter().instrument(minified, '/app/b.js', 'commonjs', 'js'), minified)
})

test('a long text does not make a program minified', () => {
  const picture = `const picture = '${'a'.repeat(20_000)}'\n${counter}`
  assert.notEqual(new Instrumenter().instrument(picture, '/app/c.js', 'commonjs', 'js'), picture)
})
