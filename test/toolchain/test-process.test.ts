// What npm test says of a test file that hangs, dies, skips, has no test or leaves a process behind: it fails, and the
// run goes on.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { addCounts, failuresIn, withoutClosingLines } from '../../scripts/testing/report.ts'
import { runTestProcess } from '../../scripts/testing/test-process.ts'
import type { TestRun } from '../../scripts/testing/test-process.ts'
import { untilGone } from '../support/process.ts'

const folder = fileURLToPath(new URL('fixtures', import.meta.url))

function run(name: string, timeoutMs = 60_000, signal = new AbortController().signal): Promise<TestRun> {
  return runTestProcess({ name, files: [join(folder, name)], timeoutMs, leavingMs: 1_000, signal })
}

function verdict(one: TestRun): readonly unknown[] {
  return [one.isGood, one.counts.pass, one.counts.fail]
}

// Each runs files of its own, some of which have to be waited for.
suite('the runner of test files', { concurrency: true }, () => {
  test('runTestProcess: a file that passes is good', async () => {
    const one = await run('passes.ts')
    assert.deepEqual(verdict(one), [true, 1, 0])
    assert.deepEqual(one.complaints, [])
    assert.match(one.output, /^✔ is fine/m)
    assert.equal(failuresIn(one.output), '')
    assert.doesNotMatch(withoutClosingLines(one.output), /^ℹ /m)
  })

  test('runTestProcess: a failing test fails the file', async () => {
    const one = await run('fails.ts')
    assert.deepEqual(verdict(one), [false, 1, 1])
    assert.deepEqual(one.complaints, [])
    assert.match(failuresIn(one.output), /^test at .*fails\.ts:\d+:\d+\n✖ is wrong/)
    assert.doesNotMatch(failuresIn(one.output), /is fine|ℹ/)
  })

  test('runTestProcess: a file without a test fails', async () => {
    const one = await run('has-no-test.ts')
    assert.equal(one.isGood, false)
    assert.match(one.complaints.join(), /has-no-test\.ts has no test/)
  })

  test('runTestProcess: a file that skips fails', async () => {
    const one = await run('skips.ts')
    assert.equal(one.isGood, false)
    assert.match(one.complaints.join(), /skips tests/)
  })

  test('runTestProcess: a file that never ends is killed at its deadline', async () => {
    const one = await run('hangs.ts', 1_500)
    assert.equal(one.isGood, false)
    assert.match(one.complaints.join(), /not done after 1\.5 s and was killed/)
  })

  test('runTestProcess: an interrupt ends the file at once', async () => {
    const one = await run('hangs.ts', 60_000, AbortSignal.timeout(500))
    assert.equal(one.isGood, false)
    assert.match(one.complaints.join(), /interrupted/)
  })

  test('runTestProcess: a file whose process is killed fails', async () => {
    const one = await run('dies.ts')
    assert.equal(one.isGood, false)
    assert.match(one.complaints.join(), /ended with a signal/)
  })

  for (const name of ['leaves-child.ts', 'leaves-daemon.ts']) {
    test(`runTestProcess: ${name}: the forgotten process is named, ended, and fails the file`, async () => {
      const one = await run(name)
      assert.deepEqual(verdict(one), [false, 1, 0])
      const [, pid] = /left process (\d+) behind: sleep 60/.exec(one.complaints.join()) ?? []
      assert.notEqual(pid, undefined)
      await untilGone([Number(pid)])
    })
  }

  test('addCounts: a file that failed without a failing test still counts as one failure', async () => {
    const runs = [await run('passes.ts'), await run('has-no-test.ts')]
    const { pass, fail } = addCounts(runs)
    assert.deepEqual([pass, fail], [2, 1])
  })
})
