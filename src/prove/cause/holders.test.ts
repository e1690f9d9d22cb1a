import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppEvent, Place } from '../instrument/event.ts'
import type { Clues, Side } from './clues.ts'
import { memorySuspects } from './holders.ts'

const ofFramework: Place = { file: 'build/server/index.js', line: 7 }
const ofApp: Place = { file: 'build/server/chunks/data.js', line: 1 }

function write(holder: string, at: Place): AppEvent {
  return { event: 'write', pid: 1, request: 1, holder, declaredAt: at, writtenAt: at }
}

function side(events: readonly AppEvent[]): Side {
  return { method: 'GET', path: '/', type: '', client: 'ann', status: 200, headers: {}, events }
}

const reads = [ofFramework, ofApp].map((declaredAt) => ({ holder: '', declaredAt }))
const clues: Clues = {
  difference: { step: 1, where: 'status', expected: '200', actual: '404' },
  modes: { 'private-disk': true, 'shared-disk': true, restart: true },
  writers: [side([write('base', ofFramework), write('todos', ofApp)])],
  hasWriter: true,
  differsAlone: false,
  reader: side([{ event: 'read', pid: 1, request: 2, reads }]),
  boot: [],
  timers: [],
  run: [],
  files: [],
  textOf: () => undefined,
}

function first(isOfSources?: (event: AppEvent) => boolean): string | undefined {
  const [best] = memorySuspects(isOfSources === undefined ? clues : { ...clues, isOfSources })
  return best?.event.holder
}

test('of a build, what the app’s sources declare comes before what its framework keeps', () => {
  assert.equal(
    first(({ holder }) => holder === 'todos'),
    'todos',
  )
})

test('where the sources tell nothing, the order of writing decides', () => {
  assert.equal(first(), 'base')
})
