import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packagesIn } from './bundle.ts'

const bundle = `// ../node_modules/hono/dist/hono.js
var Hono = class {}

// src/store.ts
var carts = new Map()

// node_modules/.pnpm/nanoid@5/node_modules/nanoid/index.js
var nanoid = 1
`

test('of a bundle the packages are known by the comments that head them', () => {
  const packageAt = packagesIn(bundle)
  const of = (words: string) => packageAt(bundle.indexOf(words))
  assert.deepEqual([of('class'), of('carts'), of('nanoid = 1')], ['hono', undefined, 'nanoid'])
})

test('a source that no bundler has made is all of the app', () => {
  assert.equal(packagesIn('// src/store.ts\nlet a = 1')(20), undefined)
})
