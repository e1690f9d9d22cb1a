import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstanceState, InstanceView } from '../supervisor/fleet-options.ts'
import {
  announceChanges,
  announceCrashLoop,
  announceDeath,
  isCrashLoopNews,
  announceReload,
  announceStart,
} from './announcement.ts'

const version = { number: 1, label: 'abc', command: ['node'], cwd: '/', env: {} }

function view(state: InstanceState, epoch = 1): InstanceView {
  const place = { host: '127.0.0.1', port: 4001, pid: 9, startedAtMs: 1000, readyAtMs: undefined }
  return { id: '2', epoch, version, role: 'server', isRetiring: false, state, restarts: 0, ...place }
}

test('announceChanges tells that an instance is ready, where, and how long it took', () => {
  assert.deepEqual(announceChanges([view('starting')], [view('ready')], 1449), [
    { tone: 'good', text: 'instance 2 ready on 127.0.0.1:4001 in 0.4 s' },
  ])
})

test('announceChanges tells that a spare steps in, that an instance drains, and versions where there are several', () => {
  const spare = { ...view('ready'), role: 'spare' as const }
  const texts = (before: InstanceView, after: InstanceView, others: readonly InstanceView[] = []) =>
    announceChanges([before, ...others], [after, ...others], 1449).map(({ text }) => text)
  assert.deepEqual(texts(spare, view('ready')), ['instance 2 was a spare and serves now'])
  assert.deepEqual(texts(view('ready'), spare), [])
  assert.deepEqual(texts({ ...spare, state: 'starting' }, spare), [
    'instance 2 ready on 127.0.0.1:4001 in 0.4 s, as a spare',
  ])
  assert.deepEqual(texts(view('ready'), view('draining')), ['instance 2 finishes what it has'])
  const other = { ...view('ready'), id: '3', version: { ...version, number: 2, label: 'def' } }
  assert.deepEqual(texts(view('starting'), view('ready'), [other]), [
    'instance 2 ready on 127.0.0.1:4001 in 0.4 s, version abc',
  ])
})

test('announceChanges says nothing twice', () => {
  assert.deepEqual(announceChanges([view('ready')], [view('ready')], 2000), [])
  assert.deepEqual(announceChanges([view('starting')], [view('starting')], 2000), [])
})

test('announceChanges tells of the next start of an instance whose death it did not see', () => {
  assert.equal(announceChanges([view('ready', 1)], [view('ready', 2)], 1000).length, 1)
})

test('announceChanges tells of a stop, but not of an instance that has yet to start', () => {
  assert.deepEqual(announceChanges([view('stopping')], [view('stopped')], 2000), [
    { tone: 'calm', text: 'instance 2 stopped' },
  ])
  assert.deepEqual(announceChanges([], [view('stopped')], 2000), [])
})

const death = {
  id: '2',
  epoch: 1,
  version,
  pid: 9,
  reason: 'killed by SIGKILL',
  isKill: true,
  earlyDeaths: 0,
  lastLines: Promise.resolve([]),
}
const deaths: readonly (readonly [restartInMs: number | undefined, text: string])[] = [
  [0, 'instance 2 killed by SIGKILL, restarting at once'],
  [400, 'instance 2 killed by SIGKILL, restarting in 0.4 s'],
  [undefined, 'instance 2 killed by SIGKILL'],
]

for (const [restartInMs, text] of deaths) {
  test(`announceDeath tells that the next start is due in ${restartInMs} ms`, () => {
    assert.deepEqual(announceDeath({ ...death, restartInMs }), { tone: 'bad', text })
  })
}

test('announceStart counts instances as people do', () => {
  const facts = { command: ['node', 's.ts'], version: 'abc' }
  const url = 'http://127.0.0.1:80'
  assert.equal(
    announceStart({ ...facts, instances: 1 }, url),
    'starting 1 instance of node s.ts behind http://127.0.0.1:80, version abc',
  )
  assert.match(announceStart({ ...facts, instances: 2 }, url), /^starting 2 instances of /)
})

test('announceReload tells what was applied and what needs a restart', () => {
  const reload = { applied: ['limits', 'reveal'], restart: ['port'], certificates: true }
  assert.deepEqual(announceReload(reload), [
    'configuration read again: applied limits, reveal, certificates read again',
    'a restart of drover up is needed for port',
  ])
  assert.deepEqual(announceReload({ applied: [], restart: [], certificates: false }), [
    'configuration read again: nothing to apply',
  ])
})

test('a crash loop is news at the third death in a row, and then ever more seldom', () => {
  const news = Array.from({ length: 24 }, (_, index) => index + 1).filter((earlyDeaths) =>
    isCrashLoopNews({ earlyDeaths }),
  )
  assert.deepEqual(news, [3, 6, 12, 24])
})

test('announceCrashLoop shows what the instance wrote last', () => {
  const loop = { ...death, restartInMs: 400, earlyDeaths: 3 }
  assert.deepEqual(
    announceCrashLoop(loop, ['Error: no database', '  at x']).map(({ text }) => text),
    ['instance 2 died at its start 3 times in a row; it wrote last', '  Error: no database', '    at x'],
  )
  assert.deepEqual(
    announceCrashLoop(loop, []).map(({ text }) => text),
    ['instance 2 died at its start 3 times in a row; it wrote nothing'],
  )
})
