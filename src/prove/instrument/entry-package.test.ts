import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryPackages } from './entry-package.ts'

const among = (program: string | undefined, ...names: readonly string[]): readonly string[] =>
  names.filter(entryPackages(program))

test('an installed program is the app, with what is published under its name', () => {
  const program = '/app/node_modules/herd/bin/herd.js'
  assert.deepEqual(among(program, 'herd', '@herd/core', 'express', 'herd-tools'), ['herd', '@herd/core'])
})

test('the packages of one scope belong together', () => {
  const program = '/app/node_modules/@herd/cli/bin.js'
  assert.deepEqual(among(program, '@herd/cli', '@herd/core', 'herd', '@other/core'), [
    '@herd/cli',
    '@herd/core',
  ])
})

test('the innermost package counts', () => {
  assert.deepEqual(among('/app/node_modules/herd/node_modules/cow/cli.js', 'herd', 'cow'), ['cow'])
})

test('of an app of its own, and of what only runs one, no package is the app', () => {
  for (const program of [undefined, '/app/server.js', '/app/node_modules/tsx/dist/cli.mjs'])
    assert.deepEqual(among(program, 'tsx', 'express', '@tsx/core'), [])
})
