// docs/options.md is what the docstrings say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionsPage, optionsPath } from '../../scripts/docs/options.ts'
import { readText } from './imports.ts'

test('docs/options.md tells every option as its docstring does: npm run docs', () => {
  assert.equal(readText(optionsPath), optionsPage())
})
