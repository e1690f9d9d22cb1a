// Which of what was drawn at boot is the secret that others do not accept.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues, Side } from '../clues.ts'
import { secretRule } from './instance.ts'

function drawn(line: number, more: Partial<AppEvent> = {}): AppEvent {
  return {
    event: 'random',
    pid: 1,
    request: 0,
    detail: 'randomBytes',
    writtenAt: { file: 'app.js', line },
    ...more,
  }
}

const side: Side = {
  method: 'GET',
  path: '/',
  type: '',
  client: 'ann',
  status: 200,
  headers: {},
  events: [],
}

function clues(boot: readonly AppEvent[], source: Readonly<Record<number, string>> = {}): Clues {
  return {
    difference: { step: 1, where: 'status', expected: '200', actual: '401: who are you' },
    modes: { 'private-disk': true, 'shared-disk': true, restart: true },
    writers: [side],
    hasWriter: true,
    differsAlone: false,
    reader: side,
    boot,
    timers: [],
    run: [],
    files: [],
    textOf: ({ line }) => source[line],
  }
}

test('a secret that no variable keeps is told by its line', () => {
  const found = secretRule(clues([drawn(9)]))
  assert.deepEqual([found?.kind, found?.writtenAt?.line], ['per-process-secret', 9])
})

test('a line that says secret comes before a name that was drawn too, and that before what packages draw', () => {
  const id = drawn(4, { holder: 'bootId', declaredAt: { file: 'app.js', line: 4 } })
  const source = { 9: 'process.env.JWT_SECRET ||= randomBytes(32)' }
  assert.equal(secretRule(clues([id, drawn(9)], source))?.writtenAt?.line, 9)
  assert.equal(secretRule(clues([drawn(2, { package: 'pino' }), drawn(9)]))?.writtenAt?.line, 9)
  assert.equal(secretRule(clues([drawn(2, { package: 'pino' })])), undefined)
})
