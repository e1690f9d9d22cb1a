// Which line a message of a room is blamed on: that which sends it, and what keeps those who are connected.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues, Side } from '../clues.ts'
import { roomsRule } from './protocol.ts'

const at = (line: number) => ({ file: 'app.js', line })

function event(name: AppEvent['event'], more: Partial<AppEvent>): AppEvent {
  return { event: name, pid: 1, request: 1, ...more }
}

const write = (holder: string, line: number) =>
  event('write', { holder, declaredAt: at(line), writtenAt: at(line + 1) })
const sent = (from: string, detail: string, line: number) =>
  event('broadcast', { package: from, detail, writtenAt: at(line) })

function message(client: string, events: readonly AppEvent[], awaits?: string): Side {
  const shared = { method: 'GET', path: '', type: 'websocket', status: 101, headers: {}, events, client }
  return awaits === undefined ? shared : { ...shared, awaits }
}

function clues(server: AppEvent, written: readonly AppEvent[], run: readonly AppEvent[]): Clues {
  return {
    difference: { step: 1, where: 'status', expected: '101', actual: 'no answer: no such message' },
    modes: { 'private-disk': true, 'shared-disk': true, restart: undefined },
    writers: [message('ann', written)],
    hasWriter: true,
    differsAlone: false,
    reader: message('bob', [], 'ahoy'),
    boot: [server],
    timers: [],
    run,
    files: [],
    textOf: () => undefined,
  }
}

const ws = event('package', { package: 'ws', holder: 'sockets', declaredAt: at(2), writtenAt: at(6) })
const socketIo = event('package', { package: 'socket.io', holder: 'io', declaredAt: at(2), writtenAt: at(6) })

test('a list of the app’s own keeps those who are connected; what was waited for is sent at its line', () => {
  const run = [sent('ws', 'ahoy', 18), sent('ws', 'bye', 25)]
  const found = roomsRule(clues(ws, [write('messages', 3), write('rooms', 4)], run))
  assert.deepEqual(
    [found?.holder, found?.declaredAt, found?.writtenAt, found?.package],
    ['rooms', at(4), at(18), 'ws'],
  )
})

test('a package that has rooms keeps them, whatever else the app notes of its users', () => {
  const found = roomsRule(clues(socketIo, [write('users', 3)], [sent('socket.io', '["hi"]', 18)]))
  assert.deepEqual([found?.holder, found?.declaredAt, found?.writtenAt], ['io', at(2), at(18)])
})

test('sockets that the server itself lists are told by where that is read', () => {
  const reads = [{ holder: 'sockets', declaredAt: at(2), readAt: at(9) }]
  const found = roomsRule(clues(ws, [write('total', 3)], [event('read', { reads })]))
  assert.deepEqual([found?.holder, found?.declaredAt, found?.writtenAt], ['sockets', at(2), at(9)])
})

test('what others sent is of a room, though the reader itself was counted as it connected', () => {
  const joined = message('bob', [write('total', 3)])
  const given = clues(ws, [], [sent('ws', 'ahoy', 18)])
  const counted = { ...given, writers: [joined], reader: { ...given.reader, events: joined.events } }
  assert.equal(roomsRule(counted)?.writtenAt?.line, 18)
  assert.equal(roomsRule({ ...counted, run: [] }), undefined)
})

test('a connection that is refused is not about who is connected', () => {
  const difference = { step: 1, where: 'status', expected: '101', actual: 'no answer: refused' }
  assert.equal(roomsRule({ ...clues(ws, [write('rooms', 4)], []), difference }), undefined)
})
