// Each kind of holder in memory: the line of its declaration and of the write, in CommonJS, ES modules and TypeScript, on this Node and an
// older one.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonJs, lineOf, modules, typed } from './apps.ts'
import type { AppSource } from './apps.ts'
import { see } from './support.ts'

/** Marks of declaration and write by path; an empty list: nothing that outlives the request is written. */
type Expected = Readonly<Record<string, readonly (readonly [declared: string, written: string])[]>>

const inCommonJs: Expected = {
  '/let': [['let', 'let-write']],
  '/map': [['map', 'map-write']],
  '/array': [['array', 'array-write']],
  '/object': [['object', 'object-write']],
  '/inner': [['inner', 'inner-write']],
  '/closure': [['closure', 'closure-write']],
  '/exports': [['exports', 'exports-write']],
  '/alias': [['users', 'alias-write']],
  '/global': [['global-write', 'global-write']],
  '/assign': [['inner', 'assign-write']],
  '/required': [['late', 'late-write']],
  '/local': [],
  // Not strict: while it runs, the function itself tells its arguments.
  '/answer': [],
}

const inModules: Expected = {
  '/imported': [['imported', 'imported-write']],
  '/default': [['default', 'default-write']],
  '/users': [['users', 'users-write']],
  '/rename': [['users', 'rename-write']],
  '/made': [],
  '/loaded': [['box', 'box-write']],
  '/note': [
    ['static', 'static-write'],
    ['private', 'private-write'],
  ],
  '/later': [['users', 'later-write']],
  '/name': [],
}

const inTypeScript: Expected = {
  '/count': [['count', 'count-write']],
  '/cart': [['carts', 'carts-write']],
  '/item': [['carts', 'item-write']],
  '/board': [
    ['notes', 'notes-write'],
    ['posted', 'posted-write'],
  ],
}

async function check(
  app: AppSource,
  command: readonly string[],
  expected: Expected,
  node?: string,
): Promise<void> {
  const seen = await see(app, command, node)
  try {
    for (const [path, pairs] of Object.entries(expected)) {
      const { request, text } = await seen.ask(path)
      assert.match(text, /"header":"none"/, 'the app does not see the number')
      const lines = (await seen.writes(request)).map((write) => write.split(' ').slice(-2).join(' '))
      const wanted = pairs.map(([declared, written]) => `${lineOf(app, declared)} ${lineOf(app, written)}`)
      assert.deepEqual(lines, wanted, path)
    }
  } finally {
    await seen.kill()
  }
}

/** The Node that started the tests may be older; hooks are in a thread of their own there. */
const outerNode = process.env['DROVER_OUTER_NODE'] ?? process.execPath

describe('the instrument names declaration and write', { concurrency: true }, () => {
  it('in CommonJS', () => check(commonJs, ['node', 'server.cjs'], inCommonJs))
  it('in ES modules', () => check(modules, ['node', 'server.js'], inModules))
  it('in TypeScript', () => check(typed, ['node', 'server.ts'], inTypeScript))
  it('on the Node that the machine has', () => check(modules, ['node', 'server.js'], inModules, outerNode))
  it('through a shell and npm-like launchers', () =>
    check(commonJs, ['bash', '-c', 'node server.cjs'], inCommonJs))
})

it('rewriting keeps what a program answers', async () => {
  const seen = await see(commonJs, ['node', 'server.cjs'])
  try {
    const { text } = await seen.ask('/awkward')
    assert.deepEqual(JSON.parse(text), { value: 'number0', header: 'none' })
  } finally {
    await seen.kill()
  }
})
