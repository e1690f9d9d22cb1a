import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instrumenter } from './instrumenter.ts'

const counter = 'let hits = 0\nmodule.exports = () => { hits += 1 }\n'

function rewritten(source: string): string {
  return new Instrumenter().instrument(source, '/app/d.js', 'commonjs', 'js')
}

test('a program is rewritten', () => {
  assert.notEqual(new Instrumenter().instrument(counter, '/app/a.js', 'commonjs', 'js'), counter)
})

test('of a minified program the column is told, where the line tells nothing', () => {
  const minified = `${'function f(a){a.b=1;return a};'.repeat(400)}\n${counter}`
  const result = rewritten(minified)
  assert.match(result, /\[0,1,15\],/)
  assert.match(result, /\[0,2\],/)
})

test('a long text does not make a program minified', () => {
  const picture = `const picture = '${'a'.repeat(20_000)}'\n${counter}`
  assert.notEqual(new Instrumenter().instrument(picture, '/app/c.js', 'commonjs', 'js'), picture)
})

test('of a bundle only the own code is rewritten', () => {
  const bundle = `// node_modules/left/index.js\nvar kept = []\nfunction left() { kept.push(1) }\n\n// src/a.ts\n${counter}`
  const result = rewritten(bundle)
  assert.match(result, /function left\(\) \{ kept\.push\(1\) \}/)
  assert.match(result, /\.w\([^)]*hits \+= 1\)/)
})

test('what a constructor writes into the new object is told as its birth', () => {
  const source =
    'class User { name; constructor(name) { this.name = name } rename(name) { this.name = name } }\n'
  assert.equal(rewritten(source).match(/"i":true/g)?.length, 1)
})

test('what a file of data holds is the app’s own', () => {
  assert.match(rewritten("const books = require('./books.json')\n"), /\{"books":\[\d+,\d+/)
})

test('what a module of the app makes is of no package', () => {
  assert.doesNotMatch(rewritten("const shop = require('./shop')()\n"), /"k":/)
})

test('a chain of calls that ends in a write changes what it began with', () => {
  const chain =
    "const db = require('lowdb')(memory)\nmodule.exports = () => { db.get('posts').push(1).write() }\n"
  assert.match(rewritten(chain), /\.o\("\w+",\d+,db\)\.get\('posts'\)/)
})

test('where a bundle keeps the modules that it has run is no state of the app, whatever it is called', () => {
  const webpack = `(function (all) {
  var t = {}
  function n(r) {
    if (t[r]) return t[r].exports
    var o = (t[r] = { i: r, l: false, exports: {} })
    return all[r].call(o.exports, o, o.exports, n), o.exports
  }
  return n(0)
})([function (m) { var kept = []; m.exports = () => kept.push(1) }])
`
  const result = rewritten(webpack)
  assert.match(result, /"n":"kept"/)
  assert.doesNotMatch(result, /"n":"t(?:\[r\])?"/)
  const atTop = 'var cache = {}\nconst load = (id) => (cache[id] = { exports: {} }).exports\nvar own = {}\n'
  const top = rewritten(atTop)
  assert.match(top, /"own":\(\)=>own/)
  assert.doesNotMatch(top, /"cache"/)
})

test('what a package counts for the whole process is told where the app asks for it', () => {
  const asked = (source: string): boolean =>
    /\.o\("\w+",\d+,(?:_|lodash_1|uniqueId|next)\)/.test(rewritten(source))
  assert.ok(asked("const _ = require('underscore')\nmodule.exports = () => _.uniqueId('a')\n"))
  assert.ok(asked("const lodash_1 = require('lodash')\nmodule.exports = () => (0, lodash_1.uniqueId)()\n"))
  assert.ok(asked("const { uniqueId } = require('lodash')\nmodule.exports = () => uniqueId()\n"))
  assert.ok(asked("const next = require('lodash.uniqueid')\nmodule.exports = () => next()\n"))
  assert.ok(!asked("const _ = require('lodash')\nmodule.exports = () => _.map([])\n"))
})
