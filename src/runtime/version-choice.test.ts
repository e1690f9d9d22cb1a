import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { isDroverError } from '../base/errors.ts'
import type { DeployRequest } from '../control/deploying.ts'
import {
  chooseStart,
  digestConfiguration,
  findRollback,
  requireOldCode,
  requireSensible,
  type Configured,
} from './version-choice.ts'
import type { VersionRecord } from './version-history.ts'

const command = ['node', 'server.ts']
const configured: Configured = { label: 'a', command, cwd: '/app', digest: 'same' }
const record: VersionRecord = {
  number: 1,
  label: 'a',
  isLabelRead: false,
  command,
  cwd: '/app',
  env: {},
  configuration: 'same',
  startedAtMs: 1,
  endedAtMs: 2,
  outcome: 'done',
  reason: null,
}

const starts: readonly (readonly [
  what: string,
  last: VersionRecord | undefined,
  configured: Configured,
  choice: ReturnType<typeof chooseStart>,
])[] = [
  ['there is no history', undefined, configured, 'new'],
  ['the configured version ran last', record, configured, 'configured'],
  ['its code is another now', record, { ...configured, label: 'b' }, 'new'],
  ['another folder was deployed', { ...record, cwd: '/app/b', label: 'b' }, configured, 'resume'],
  ['another command was deployed', { ...record, command: ['node', 'b.ts'] }, configured, 'resume'],
  ['another environment was deployed', { ...record, env: { LEVEL: 'debug' } }, configured, 'resume'],
  [
    'it was deployed in place',
    { ...record, label: 'b', number: 2 },
    { ...configured, label: 'b' },
    'configured',
  ],
  [
    'the configuration is another now',
    { ...record, cwd: '/app/b' },
    { ...configured, digest: 'other' },
    'new',
  ],
]
for (const [what, last, now, choice] of starts) {
  test(`chooseStart: ${what}`, () => {
    assert.equal(chooseStart(last, now), choice)
  })
}

test('digestConfiguration tells command, folder and variables apart, in whatever order they are written', () => {
  const digest = digestConfiguration({ command, cwd: '/app' }, { A: '1', B: '2' })
  assert.equal(digestConfiguration({ command, cwd: '/app' }, { B: '2', A: '1' }), digest)
  assert.notEqual(digestConfiguration({ command, cwd: '/app' }, { A: '1' }), digest)
  assert.notEqual(digestConfiguration({ command, cwd: '/app' }, { A: '1', B: '3' }), digest)
  assert.notEqual(digestConfiguration({ command, cwd: '/' }, { A: '1', B: '2' }), digest)
  assert.notEqual(digestConfiguration({ command: ['node'], cwd: '/app' }, { A: '1', B: '2' }), digest)
})

const refused: readonly (readonly [request: DeployRequest, message: RegExp])[] = [
  [
    { dir: '/no/such/folder' },
    /^DroverError: Cannot use --dir "\/no\/such\/folder": wanted a folder that is there$/,
  ],
  [{ dir: 'relative' }, /--dir/],
  [{ dir: process.execPath }, /--dir/],
  [{ command: [] }, /--command/],
  [{ command: [''] }, /--command/],
  [{ env: { PORT: '1' } }, /--env "PORT": wanted other names than PORT/],
  [{ env: { DROVER_MARKER: 'x' } }, /--env "DROVER_MARKER"/],
  [{ env: { 'A=B': 'x' } }, /--env/],
  [{ label: 'two words' }, /--label "two words": wanted up to 64/],
  [{ label: '' }, /--label/],
  [{ surge: 0 }, /--surge 0/],
  [{ surge: 1.5 }, /--surge/],
  [{ canary: { share: 0, forMs: 1 } }, /--canary/],
  [{ canary: { share: 1.1, forMs: 1 } }, /--canary/],
  [{ canary: { share: 0.1, forMs: -1 } }, /--for/],
  [{ canary: { share: 0.1, forMs: Infinity } }, /--for/],
]
for (const [request, message] of refused) {
  test(`requireSensible refuses ${JSON.stringify(request)}`, () => {
    assert.throws(() => {
      requireSensible(request)
    }, message)
  })
}

test('requireSensible takes what can be deployed, and never shows a value of the environment', () => {
  const dir = tmpdir()
  requireSensible({})
  requireSensible({ dir, command, env: { A: '' }, label: 'v1.2+3', surge: 2, canary: { share: 1, forMs: 0 } })
  assert.throws(
    () => {
      requireSensible({ env: { PORT: 'secret' } })
    },
    (error) => isDroverError(error, 'OPTION_INVALID') && !error.message.includes('secret'),
  )
})

test('findRollback: the one before, or the one of that number, if it ran in full', () => {
  const failed: VersionRecord = { ...record, number: 2, outcome: 'failed' }
  const current: VersionRecord = { ...record, number: 3, label: 'b' }
  const entries = [record, failed, current]
  assert.equal(findRollback(entries, current, undefined), record)
  assert.equal(findRollback(entries, current, 1), record)
  const unknown = (number?: number) => () => findRollback(entries, record, number)
  assert.throws(unknown(), /^DroverError: Cannot roll back: no version ran before this one$/)
  assert.throws(unknown(2), /^DroverError: Cannot roll back to 2: its deploy failed$/)
  assert.throws(unknown(4), (error) => isDroverError(error, 'VERSION_UNKNOWN'))
})

test('findRollback passes over versions that are the current one once more', () => {
  const now: VersionRecord = { ...record, number: 4, label: 'b' }
  const back = (second: Partial<VersionRecord>, current = now) =>
    findRollback([record, { ...now, number: 2, ...second }, current], current, undefined).number
  assert.equal(back({}), 1)
  const others = [{ label: 'c' }, { cwd: '/other' }, { command: ['node'] }, { env: { LEVEL: 'debug' } }]
  for (const other of others) assert.equal(back(other), 2)
  // A number is no name: what is in the folder is the same for both.
  assert.equal(back({ label: '2' }, { ...now, label: '4' }), 1)
  const twice = [record, { ...record, number: 2 }] as const
  assert.throws(
    () => findRollback(twice, twice[1], undefined),
    /^DroverError: Cannot roll back: no other version ran before this one$/,
  )
})

test('requireOldCode: a folder that holds the code of the current version is not run under an older name', () => {
  const current = { ...record, label: 'b', isLabelRead: true }
  const check = (wanted: VersionRecord, now: VersionRecord, found: string) => () => {
    requireOldCode(wanted, now, found)
  }
  assert.throws(
    check(record, current, 'b'),
    /^DroverError: Cannot roll back to version a: \/app holds version b/,
  )
  assert.doesNotThrow(check(record, current, 'a'))
  assert.doesNotThrow(check(record, { ...current, isLabelRead: false }, 'b'))
  assert.doesNotThrow(check({ ...record, label: 'b' }, current, 'b'))
})
