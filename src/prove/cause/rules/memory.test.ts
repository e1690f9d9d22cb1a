// Whose state it is when a timer of the app writes what requests write too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues, Side } from '../clues.ts'
import { classify } from '../classify.ts'

const lines: Readonly<Record<string, number>> = { queue: 1, reports: 2 }

function write(holder: string, detail: string, request: number): AppEvent {
  const place = { file: 'app.js', line: lines[holder] ?? 0 }
  return { event: 'write', pid: 1, request, holder, detail, declaredAt: place, writtenAt: place }
}

const reader: AppEvent = {
  event: 'read',
  pid: 1,
  request: 2,
  reads: [{ holder: 'reports', declaredAt: { file: 'app.js', line: 2 } }],
}

function side(events: readonly AppEvent[]): Side {
  return { method: 'GET', path: '/', type: '', client: 'ann', status: 200, headers: {}, events }
}

function kindOf(written: readonly AppEvent[], timers: readonly AppEvent[]): string {
  const clues: Clues = {
    difference: { step: 1, where: 'body state', expected: 'done', actual: 'none' },
    modes: { 'private-disk': true, 'shared-disk': true, restart: true },
    writers: [side(written)],
    hasWriter: true,
    differsAlone: false,
    reader: side([reader]),
    boot: [],
    timers,
    run: [],
    files: [],
    textOf: () => undefined,
  }
  return classify(clues).kind
}

test('a timer that works off a queue makes what comes of it', () => {
  const written = [write('reports', 'set', 1), write('queue', 'push', 1)]
  assert.equal(
    kindOf(written, [write('queue', 'shift', -2), write('reports', 'set', -2)]),
    'in-process-schedule',
  )
})

test('a timer that tidies up takes away, and nothing comes of it', () => {
  assert.equal(kindOf([write('reports', 'set', 1)], [write('reports', 'delete', -2)]), 'module-state')
  assert.equal(kindOf([write('reports', 'push', 1)], [write('reports', 'shift', -2)]), 'module-state')
})
