// The folder's lock among real processes.
import assert from 'node:assert/strict'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { acquireLock } from '../../src/supervisor/lock.ts'
import { until } from '../support/until.ts'
import { afterwards, fixture, temporaryFolder } from './fleet-under-test.ts'

interface Racer {
  readonly process: ChildProcessWithoutNullStreams
  outcome(): string | undefined
}

async function startRacer(context: TestContext, path: string): Promise<Racer> {
  const child = spawn(process.execPath, [fixture('takes-lock.ts'), path])
  afterwards(context, () => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await until('the racer waits', () => text.includes('waiting\n'))
  return { process: child, outcome: () => text.split('\n').slice(1, -1)[0] }
}

async function race(racers: readonly Racer[]): Promise<readonly string[]> {
  for (const racer of racers) racer.process.stdin.end()
  return until('the race is over', () => {
    const outcomes = racers.flatMap((racer) => racer.outcome() ?? [])
    return outcomes.length === racers.length && outcomes
  })
}

for (const [name, content] of [
  ['a dead owner', JSON.stringify({ pid: 999_999_999, startTime: 'once' })],
  ['an owner whose pid lives on as another process', JSON.stringify({ pid: process.pid, startTime: 'once' })],
  ['half a line', '{"pid":12'],
  ['nothing in it', ''],
] as const) {
  test(`acquireLock: of four racers for a lock with ${name}, exactly one wins`, async (context) => {
    const path = join(temporaryFolder(context), 'lock')
    writeFileSync(path, content)
    const racers = await Promise.all([1, 2, 3, 4].map(() => startRacer(context, path)))
    const outcomes = await race(racers)
    assert.equal(outcomes.filter((outcome) => outcome === 'won').length, 1, outcomes.join('\n'))
    const winner = racers.find((racer) => racer.outcome() === 'won')?.process.pid
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).pid, winner)
    const losers = outcomes.filter((outcome) => outcome !== 'won')
    assert.ok(
      losers.every((outcome) => /Cannot start a fleet in ".*": process \d+ runs one there/.test(outcome)),
    )
    assert.deepEqual(readdirSync(join(path, '..')), ['lock'])
  })
}

test('acquireLock takes over from a racer that was killed while it took over', async (context) => {
  const folder = temporaryFolder(context)
  const path = join(folder, 'lock')
  const first = await startRacer(context, path)
  await race([first])
  const [stale] = [readFileSync(path, 'utf8')]
  first.process.kill('SIGKILL')
  await until('the winner is gone', () => first.process.signalCode !== null)
  // The claim on the stale lock, held by the same dead process.
  const { createHash } = await import('node:crypto')
  writeFileSync(`${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`, stale)
  const outcomes = await race(await Promise.all([1, 2, 3].map(() => startRacer(context, path))))
  assert.equal(outcomes.filter((outcome) => outcome === 'won').length, 1, outcomes.join('\n'))
  assert.deepEqual(readdirSync(folder), ['lock'])
})

test('acquireLock gives the lock to the next one after release, and only its own release counts', async (context) => {
  const path = join(temporaryFolder(context), 'lock')
  const first = await acquireLock(path)
  await assert.rejects(acquireLock(path), (error: unknown) => isDroverError(error, 'FLEET_ALREADY_RUNNING'))
  first.release()
  const second = await acquireLock(path)
  first.release()
  await assert.rejects(acquireLock(path), (error: unknown) => isDroverError(error, 'FLEET_ALREADY_RUNNING'))
  second.release()
  assert.deepEqual(readdirSync(join(path, '..')), [])
})
