import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instrumenter } from './instrumenter.ts'

function loads(source: string): number {
  const text = new Instrumenter().instrument(source, '/app/chunk.js', 'commonjs', 'js')
  return text.split('__drover$.l();').length - 1
}

test('modules in tables of webpack and Turbopack are loaded when they are run', () => {
  assert.equal(
    loads('exports.modules = { 12: (m, e) => { const carts = new Map() }, 13: function (m) { run() } }'),
    2,
  )
  assert.equal(
    loads('module.exports = [12, (e) => { let carts = new Map() }, 13, (e, t) => { t.exports = 1 }]'),
    2,
  )
})

test('functions that only stand under numbers are none', () => {
  assert.equal(
    loads('const pages = { 404: (req) => { show(req) } }; module.exports = [(e) => { show(e) }]'),
    0,
  )
})
