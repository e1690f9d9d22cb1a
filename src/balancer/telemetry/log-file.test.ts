import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../test/support/until.ts'
import { LogFile } from './log-file.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'drover-log-'))
  t.after(() => {
    rmSync(path, { recursive: true })
  })
  return path
}

/** What the file has; nothing while it is not there. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function logTo(path: string, bufferLength?: number): { readonly log: LogFile; readonly notices: string[] } {
  const notices: string[] = []
  const notice = (text: string) => notices.push(text)
  return { log: new LogFile({ path, notice, retryMs: 10, bufferLength: bufferLength ?? 1_048_576 }), notices }
}

test('writes all lines in order, long ones too, and a single one soon', async (t) => {
  const path = join(folder(t), 'access.log')
  const { log, notices } = logTo(path, 10_000_000)
  log.write('first\n')
  await until('the first line is written', () => textOf(path) === 'first\n')
  const lines = Array.from(
    { length: 1_000 },
    (_, index) => `${index} ${'x'.repeat(index % 7 === 0 ? 9_000 : 90)}\n`,
  )
  for (const [index, line] of lines.entries()) {
    log.write(line)
    if (index % 50 === 0) await new Promise(setImmediate)
  }
  await log.close()
  assert.equal(readFileSync(path, 'utf8'), `first\n${lines.join('')}`)
  assert.equal(log.dropped, 0)
  assert.deepEqual(notices, [])
})

test('appends, and lets nobody else but the group read', async (t) => {
  const path = join(folder(t), 'access.log')
  for (const line of ['one\n', 'two\n']) {
    const { log } = logTo(path)
    log.write(line)
    await log.close()
  }
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  assert.equal(statSync(path).mode & 0o137, 0)
})

test('goes on in a new file after rotation, without losing a line', async (t) => {
  const path = join(folder(t), 'access.log')
  const { log } = logTo(path)
  log.write('old\n')
  await until('the old line is written', () => textOf(path) === 'old\n')
  renameSync(path, `${path}.1`)
  log.write('between\n')
  log.reopen()
  log.reopen()
  log.write('new\n')
  await log.close()
  assert.equal(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8'), 'old\nbetween\nnew\n')
  assert.ok(readFileSync(path, 'utf8').endsWith('new\n'))
})

test('keeps the old file when there can be no new one', async (t) => {
  const parent = join(folder(t), 'logs')
  mkdirSync(parent)
  const { log, notices } = logTo(join(parent, 'access.log'))
  log.write('old\n')
  await until('the old line is written', () => textOf(join(parent, 'access.log')) === 'old\n')
  renameSync(parent, `${parent}.1`)
  log.reopen()
  await until('it is told', () => notices.length === 1)
  assert.match(notices[0] ?? '', /cannot open it again.*ENOENT/)
  log.write('still\n')
  await log.close()
  assert.equal(readFileSync(join(`${parent}.1`, 'access.log'), 'utf8'), 'old\nstill\n')
})

test('an unwritable file is told once, its lines wait within bounds, and it is written once it can be', async (t) => {
  const parent = join(folder(t), 'later')
  const path = join(parent, 'access.log')
  const { log, notices } = logTo(path, 100)
  for (let index = 0; index < 30; index++) log.write(`line ${index} .\n`)
  await until('it is told', () => notices.length > 0)
  assert.ok(log.dropped > 15, String(log.dropped))
  mkdirSync(parent)
  await until('it is told that it works again', () => notices.length === 2)
  log.write('after\n')
  await log.close()
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  assert.equal(lines[0], 'line 0 .')
  assert.equal(lines.at(-1), 'after')
  assert.equal(lines.length, 31 - log.dropped)
  assert.match(notices[1] ?? '', new RegExp(`written again, ${log.dropped} lines are lost`))
})

test('a full disk takes neither the process nor more memory than the bound, and does not hold up closing', async () => {
  const { log, notices } = logTo('/dev/full', 10_000)
  for (let index = 0; index < 1_000; index++) log.write(`${'x'.repeat(99)}\n`)
  await until('it is told', () => notices.length > 0)
  for (let index = 0; index < 1_000; index++) log.write(`${'x'.repeat(99)}\n`)
  await log.close()
  assert.equal(log.dropped, 2_000)
  assert.equal(notices.length, 1)
})

test('a reader that stalls holds up neither who writes nor closing, nor the exit of the process', async (t) => {
  const path = join(folder(t), 'pipe')
  assert.equal(spawnSync('mkfifo', [path]).status, 0)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const { log, notices } = logTo(path)
  const line = `${'x'.repeat(99)}\n`
  for (let index = 0; index < 2_000; index++) log.write(line)
  await log.close()
  closeSync(reader)
  assert.ok(log.dropped > 1_000 && log.dropped < 2_000, String(log.dropped))
  assert.deepEqual(notices, [])
})

test('lines after closing are dropped and counted, and closing again is the same closing', async (t) => {
  const path = join(folder(t), 'access.log')
  const { log } = logTo(path)
  log.write('kept\n')
  const closing = log.close()
  assert.equal(log.close(), closing)
  log.write('late\n')
  await closing
  log.flushSync()
  assert.equal(readFileSync(path, 'utf8'), 'kept\n')
  assert.equal(log.dropped, 1)
})

test('what waits when the process exits is written then, even before the file was open', async (t) => {
  const path = join(folder(t), 'access.log')
  const { log } = logTo(path)
  log.write('one\n')
  log.write('two\n')
  log.flushSync()
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  const { log: hopeless } = logTo(join(path, 'no-folder'))
  hopeless.write('lost\n')
  hopeless.flushSync()
  assert.equal(hopeless.dropped, 1)
  await Promise.all([log.close(), hopeless.close()])
})
