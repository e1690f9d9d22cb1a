import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { ProveFlags } from './flags.ts'
import { readProveOptions } from './options.ts'

const currentDir = import.meta.dirname
const here = 'options.test.ts'

function read(words: readonly string[], flags: ProveFlags) {
  return readProveOptions(words, flags, { currentDir, environment: { HOME: '/h', A: 'old' } }, () => 42)
}

test('without flags: a crawl of the command in this folder, with a seed of its own', () => {
  const { request, outputs, isJson } = read(['node', 'a.js'], {})
  assert.deepEqual(request, {
    app: {
      command: ['node', 'a.js'],
      cwd: currentDir,
      env: { HOME: '/h', A: 'old' },
      readyPath: undefined,
      readyTimeoutMs: 60_000,
      before: undefined,
      reset: undefined,
      targets: [],
    },
    flow: { from: 'crawl' },
    seed: 42,
    schedules: 3,
    timeoutMs: 600_000,
  })
  assert.deepEqual(outputs, { html: undefined, sarif: undefined, junit: undefined })
  assert.equal(isJson, false)
})

test('flags say the rest; paths are of the folder the user is in', () => {
  const { request, outputs } = read(['npm', 'start'], {
    flow: here,
    cwd: '..',
    before: 'make',
    reset: 'make db',
    env: ['A=1', 'B=x=y'],
    ready: '/health',
    seed: '7',
    schedules: '9',
    timeout: '30s',
    html: 'r.html',
  })
  const { app } = request
  assert.deepEqual(request.flow, { from: 'file', path: join(currentDir, here) })
  assert.equal(app.cwd, dirname(currentDir))
  assert.deepEqual(app.env, { HOME: '/h', A: '1', B: 'x=y' })
  assert.deepEqual(
    [app.before, app.reset, app.readyPath, app.readyTimeoutMs],
    ['make', 'make db', '/health', 30_000],
  )
  assert.deepEqual([request.seed, request.schedules, request.timeoutMs], [7, 9, 30_000])
  assert.equal(outputs.html, join(currentDir, 'r.html'))
})

test('every source of a flow is one', () => {
  const source = (flags: ProveFlags) => read(['a'], flags).request.flow
  const path = join(currentDir, here)
  assert.deepEqual(source({ har: here }), { from: 'har', path })
  assert.deepEqual(source({ openapi: here }), { from: 'openapi', path })
  assert.deepEqual(source({ tests: 'npm run e2e' }), { from: 'tests', command: 'npm run e2e' })
})

test('servers that run already take the place of a command', () => {
  const origins = (targets: string) => read([], { targets }).request.app.targets
  assert.deepEqual(origins('http://10.0.0.1:80/, https://b.test'), ['http://10.0.0.1', 'https://b.test'])
  assert.deepEqual(origins('http://[::1]:3001,http://[::1]:3002'), ['http://[::1]:3001', 'http://[::1]:3002'])
})

const refusals: readonly (readonly [words: readonly string[], flags: ProveFlags, line: RegExp])[] = [
  [
    [],
    {},
    /^Cannot prove anything without an app: wanted its command after --, such as -- npm start, or --targets$/,
  ],
  [['a'], { targets: 'http://a,http://b' }, /^Cannot use --targets with a command: wanted one of them/],
  [[], { targets: 'http://a' }, /^Cannot use --targets "http:\/\/a": wanted at least two servers/],
  [[], { targets: 'http://a,http://a:80' }, /wanted each server once$/],
  [[], { targets: 'http://a/x,http://b' }, /wanted addresses such as/],
  [[], { targets: 'http://u:p@a,http://b' }, /wanted addresses such as/],
  [[], { targets: 'a:1,b:2' }, /wanted addresses such as/],
  [
    [],
    { targets: 'http://a,http://b', env: ['A=1'] },
    /^Cannot use --env with --targets: nothing is started there$/,
  ],
  [[], { targets: 'http://a,http://b', cwd: '.' }, /^Cannot use --cwd with --targets/],
  [[], { targets: 'http://a,http://b', ready: '/' }, /^Cannot use --ready with --targets/],
  [['a'], { flow: here, har: here }, /^Cannot use --flow with --har: wanted one of them/],
  [['a'], { openapi: here, tests: 'x' }, /^Cannot use --openapi with --tests/],
  [['a'], { flow: 'none.yaml' }, /^Cannot use --flow "none\.yaml": wanted a file that is there$/],
  [['a'], { tests: ' ' }, /^Cannot use --tests " ": wanted a command$/],
  [['a'], { reset: '' }, /^Cannot use --reset "": wanted a command$/],
  [['a'], { cwd: 'none' }, /^Cannot use --cwd "none": wanted a folder that is there$/],
  [['a'], { env: ['=x'] }, /^Cannot use --env "=x": wanted NAME=VALUE$/],
  [['a'], { ready: 'health' }, /^Cannot use --ready "health": wanted a path such as \/health$/],
  [['a'], { seed: 'x' }, /^Cannot use --seed "x": wanted a whole number/],
  [['a'], { schedules: '0' }, /^Cannot use --schedules "0": wanted a whole number from 1 to 1000$/],
  [['a'], { timeout: '10' }, /^Cannot use --timeout "10": wanted a time from 1s to 24h/],
  [
    ['a'],
    { html: 'none/r.html' },
    /^Cannot use --html "none\/r\.html": wanted a file in a folder that is there$/,
  ],
  [['a'], { junit: '.' }, /^Cannot use --junit "\.": wanted the name of a file$/],
  [['a'], { sarif: 'r', html: './r' }, /^Cannot write two reports to one file/],
]

for (const [words, flags, line] of refusals)
  test(`refused in one line: ${[...Object.entries(flags).flat(), ...words].join(' ')}`, () => {
    assert.throws(() => read(words, flags), { code: 'OPTION_INVALID', message: line })
  })
