import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppFailure } from '../app/servers.ts'
import { judgeTests, type TestsJudgement } from './judge-tests.ts'
import type { TestsPlan, TestsRun } from './laboratory.ts'
import type { Exchange } from './recording.ts'

/** A run's outcome by what is run: `single`, `single` with pauses as `paused`, or a mode. Each is taken in turn, the last again and again. */
type Script = Partial<Record<string, readonly (boolean | Error)[]>>

interface JudgedOptions {
  readonly requests?: number
  readonly answers?: Record<string, string>
  readonly hasTimeToSpare?: boolean
}

async function judged(
  script: Script,
  { requests = 2, answers = {}, hasTimeToSpare = true }: JudgedOptions = {},
): Promise<{ readonly judgement: TestsJudgement; readonly ran: readonly string[] }> {
  const ran: string[] = []
  const run = (plan: TestsPlan): Promise<TestsRun> => {
    const name = plan.pauseMs === undefined ? plan.mode : 'paused'
    const turn = ran.filter((one) => one.startsWith(name)).length
    ran.push(`${name} ${plan.seed}`)
    const outcomes = script[name] ?? [true]
    const outcome = outcomes[turn] ?? outcomes.at(-1)
    if (outcome instanceof Error) return Promise.reject(outcome)
    const how = outcome === true ? 'exited with code 0' : 'exited with code 1'
    return Promise.resolve({
      plan,
      test: { hasPassed: outcome === true, how, lastLines: [`${name} said this`] },
      exchanges: [exchange(1, '/cart', '[1]'), exchange(2, '/me', answers[plan.mode] ?? 'ann')],
      requests,
      restarts: plan.mode === 'restart' ? 3 : 0,
      wroteFiles: true,
      crashLines: [],
      durationMs: 10,
      startedInMs: 5,
    })
  }
  const judgement = await judgeTests({
    laboratory: { run, limits: [] },
    seed: 7,
    schedules: 2,
    aloneTimeoutMs: 1_000,
    leastTimeoutMs: 1_000,
    hasTime: () => true,
    hasTimeToSpare: () => hasTimeToSpare,
    signal: AbortSignal.timeout(60_000),
  })
  return { judgement, ran }
}

function exchange(number: number, path: string, text: string): Exchange {
  const request = { method: 'GET', url: `http://localhost:3000${path}`, headers: [] }
  const response = { status: 200, headers: [], content: { mimeType: 'text/plain', text } }
  const entry = { startedDateTime: new Date(number).toISOString(), request, response }
  return { number, client: 'nobody', instance: 2, path, entry }
}

test('tests that pass are run in each mode and schedule, on one disk and over restarts too', async () => {
  const { judgement, ran } = await judged({})
  assert.deepEqual(ran, [
    'single 7',
    'single 7',
    'private-disk 7',
    'shared-disk 7',
    'restart 7',
    'private-disk 8',
    'shared-disk 8',
  ])
  assert.deepEqual([judgement.failed, judgement.failure, judgement.schedules], [undefined, undefined, 2])
})

test('a failure that comes again, while one instance passes, is one; the first request answered otherwise is named', async () => {
  const never = { 'private-disk': [false], 'shared-disk': [true], restart: [false] }
  const { judgement, ran } = await judged(never, { answers: { 'private-disk': 'nobody', restart: 'nobody' } })
  assert.deepEqual(judgement.failed?.modes, { 'private-disk': true, 'shared-disk': false, restart: true })
  const { otherwise } = judgement.failed
  assert.deepEqual(
    [
      otherwise?.there.path,
      otherwise?.there.instance,
      otherwise?.where,
      otherwise?.expected,
      otherwise?.actual,
    ],
    ['/me', 2, 'body', 'ann', 'nobody'],
  )
  assert.ok(
    ran.every((one) => one.endsWith(' 7')),
    'further schedules are not needed',
  )
})

test('where time is short, what fails for sure is not run in further modes: its cause is sought', async () => {
  const { judgement, ran } = await judged({ 'private-disk': [false] }, { hasTimeToSpare: false })
  assert.deepEqual(ran.slice(-3), ['private-disk 7', 'private-disk 7', 'single 7'])
  assert.equal(judgement.failed?.modes.restart, undefined)
})

test('what fails once and not again is told and no failure', async () => {
  const { judgement } = await judged({ 'shared-disk': [false, true] })
  assert.equal(judgement.failed, undefined)
  assert.deepEqual(judgement.limits, [
    'the tests failed once with several instances on one disk (they exited with code 1) and not again',
  ])
})

test('tests that are only too slow for restarts accuse nobody', async () => {
  const { judgement } = await judged({ restart: [false], paused: [false] })
  assert.deepEqual([judgement.failed, judgement.failure], [undefined, undefined])
  assert.deepEqual(judgement.limits, [
    'the tests could not be judged over restarts: pauses as long as those make them fail too',
  ])
})

test('tests that do not pass on one instance each time cannot judge', async () => {
  for (const [script, why] of [
    [{ single: [false] }, 'the tests fail on one instance: they exited with code 1'],
    [
      { single: [true, false] },
      'the tests are not repeatable on one instance: they passed, and then they exited with code 1',
    ],
    [
      { single: [true, true, false], 'private-disk': [false] },
      'the tests are not repeatable on one instance: they passed twice, and then they exited with code 1',
    ],
  ] as const) {
    const { judgement } = await judged(script)
    assert.deepEqual(judgement.failure, { why, lastLines: ['single said this'] })
    assert.equal(judgement.failed, undefined)
  }
})

test('tests that ask nothing cannot judge, and an app that cannot be run so is a limit', async () => {
  const { judgement } = await judged({}, { requests: 0 })
  assert.match(judgement.failure?.why ?? '', /asked nothing of BASE_URL/)
  const alone = [new AppFailure('No.')]
  const { judgement: without } = await judged({ 'private-disk': alone, 'shared-disk': alone })
  assert.equal(without.schedules, 0)
  assert.equal(without.limits.length, 2)
})
