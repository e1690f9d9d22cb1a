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

function rewritten(source: string): string {
  return new Instrumenter().instrument(source, '/app/d.js', 'commonjs', 'js')
}

test('what a file of data holds is the app’s own', () => {
  assert.match(rewritten("const books = require('./books.json')\n"), /\{"books":\[1,1/)
})

test('what a module of the app makes is of no package', () => {
  assert.doesNotMatch(rewritten("const shop = require('./shop')()\n"), /"k":/)
})

test('a chain of calls that ends in a write changes what it began with', () => {
  const chain =
    "const db = require('lowdb')(memory)\nmodule.exports = () => { db.get('posts').push(1).write() }\n"
  assert.match(rewritten(chain), /\.o\("\w+",\d+,db\)\.get\('posts'\)/)
})
