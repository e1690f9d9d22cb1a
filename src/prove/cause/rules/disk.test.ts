// Which line keeps an upload: that of the app where it writes the file itself, else where it asked a package to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues, Side } from '../clues.ts'
import { diskRule } from './disk.ts'

const at = (line: number) => ({ file: 'app.js', line })

function write(more: Partial<AppEvent>): AppEvent {
  return { event: 'file-write', pid: 1, request: 1, path: 'pictures/cow.png', detail: 'writeFile', ...more }
}

const multer: AppEvent = {
  event: 'package',
  pid: 1,
  request: 0,
  package: 'multer',
  holder: 'upload',
  declaredAt: at(5),
  writtenAt: at(9),
}

function side(type: string, events: readonly AppEvent[]): Side {
  return { method: 'POST', path: '/', type, client: 'ann', status: 201, headers: {}, events }
}

function lines(written: AppEvent): readonly unknown[] {
  const clues: Clues = {
    difference: { step: 1, where: 'status', expected: '200', actual: '404' },
    modes: { 'private-disk': true, 'shared-disk': false, restart: false },
    writers: [side('multipart/form-data', [written])],
    hasWriter: true,
    differsAlone: false,
    reader: side('', []),
    boot: [multer],
    timers: [],
    run: [],
    files: ['pictures/cow.png'],
    textOf: () => undefined,
  }
  const found = diskRule(clues)
  return [found?.kind, found?.declaredAt?.line, found?.writtenAt?.line, found?.package]
}

test('an upload that the app writes itself, after a package took the form apart', () => {
  const own = write({ writtenAt: at(11), holder: 'dir', declaredAt: at(3) })
  assert.deepEqual(lines(own), ['upload-directory', 3, 11, undefined])
  assert.deepEqual(lines(write({ writtenAt: at(11) })), ['upload-directory', 11, 11, undefined])
})

test('an upload that a package writes, in its own time or where it was told to', () => {
  assert.deepEqual(lines(write({ package: 'multer' })), ['upload-directory', 5, 9, 'multer'])
  assert.deepEqual(lines(write({ package: 'multer', writtenAt: at(11) })), [
    'upload-directory',
    5,
    11,
    'multer',
  ])
})
