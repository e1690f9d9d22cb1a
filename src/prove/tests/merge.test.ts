import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpStep, statefulShop } from '../../../test/prove/sample-proof.ts'
import { jsonReport } from '../report/json.ts'
import { junitReport } from '../report/junit.ts'
import { htmlReport } from '../report/html/page.ts'
import { sarifReport } from '../report/sarif.ts'
import { terminalLines } from '../report/terminal.ts'
import type { ReportInput } from '../report/input.ts'
import type { ProofRun } from '../request.ts'
import type { Verdict } from '../finding.ts'
import type { TestsFailed, TestsJudgement } from './judge-tests.ts'
import { withTests } from './merge.ts'
import type { Otherwise } from './otherwise.ts'
import type { Exchange } from './recording.ts'

const name = 'what the tests asked'

function exchange(number: number, path: string, status: number): Exchange {
  const request = { method: 'GET', url: `http://localhost:3000${path}`, headers: [] }
  const response = { status, headers: [], content: { mimeType: 'text/plain', text: 'x' } }
  const entry = { startedDateTime: new Date(number).toISOString(), request, response }
  return { number, client: 'nobody', instance: 2, path, entry }
}

function judgement(otherwise: Otherwise | undefined, modes: TestsFailed['modes']): TestsJudgement {
  const plan = { phase: 'schedule', mode: 'private-disk', seed: 1, timeoutMs: 1 } as const
  const outcome = {
    hasPassed: false,
    how: 'exited with code 1',
    lastLines: ['Error: no cart', '    at a.js:1'],
  }
  const run = {
    plan,
    test: outcome,
    exchanges: [],
    requests: 2,
    restarts: 0,
    wroteFiles: false,
    crashLines: [],
    durationMs: 1,
    startedInMs: 1,
  }
  return {
    failure: undefined,
    failed: { modes, run, otherwise },
    exchanges: [exchange(1, '/', 200), exchange(2, '/cart', 200)],
    requests: 2,
    adversarialRuns: 6,
    schedules: 1,
    limits: [],
  }
}

function replayed(verdict: Verdict): ProofRun {
  const step = (path: string) => ({ ...httpStep('GET', path), origin: `GET ${path} in ${name}` })
  const { proof } = statefulShop
  return {
    proof: {
      ...proof,
      verdict,
      limits: [],
      coverage: { driven: ['GET /', 'GET /cart'], undriven: undefined },
    },
    flow: { clients: ['visitor'], steps: [step('/'), step('/cart')] },
    showings: [],
  }
}

const everywhere = { 'private-disk': true, 'shared-disk': true, restart: true }
const otherwise: Otherwise = {
  there: exchange(2, '/cart', 401),
  alone: exchange(2, '/cart', 200),
  where: 'status',
  expected: '200',
  actual: '401',
}
const clear = { verdict: 'no-divergence', schedules: 3 } as const
const broken = { verdict: 'could-not-judge', why: 'no way' } as const

function terminal(run: ProofRun): string {
  return terminalLines({ ...statefulShop, ...run }, (_, text) => text).join('\n')
}

test('tests that fail are a finding though their requests, played again, show none', () => {
  const run = withTests(replayed(clear), judgement(otherwise, everywhere), 'npm run e2e', name)
  const text = terminal(run)
  assert.match(text, /^Stateful: 1 answer depended on which instance gave it/)
  assert.match(text, /request 2 GET \/cart answered `401`/)
  assert.match(
    text,
    /with several instances the tests `npm run e2e` exited with code 1 each time; on one they pass\n {5}Error: no cart\n/,
  )
  assert.match(text, /Your tests {2}npm run e2e: 2 requests a run, failed in 6 runs/)
})

test('where no request can be told, the tests themselves are the finding, in each report', () => {
  const run = withTests(replayed(broken), judgement(undefined, everywhere), 'npm run e2e', name)
  const input: ReportInput = { ...statefulShop, ...run, excerpts: [[]] }
  assert.match(terminal(run), /^Stateful: the tests pass on one instance, and fail with several\n/)
  assert.match(terminal(run), /only the outcome of the tests was judged.*no way/)
  const [json] = (JSON.parse(jsonReport(input)) as { findings: { reader: unknown; tests: object }[] })
    .findings
  assert.equal(json?.reader, null)
  assert.deepEqual(json.tests, {
    command: 'npm run e2e',
    modes: everywhere,
    how: 'exited with code 1',
    lastLines: ['Error: no cart', '    at a.js:1'],
  })
  assert.match(junitReport(input), /name="npm run e2e"><failure type="unexplained"/)
  assert.match(sarifReport(input), /with several instances they exited with code 1 each time/)
  assert.match(htmlReport(input), /<pre>Error: no cart<\/pre>/)
})

test('a request that the flow left out, such as a static file, gets a step', () => {
  const asset = { ...otherwise, there: exchange(3, '/a.css', 404), alone: exchange(3, '/a.css', 200) }
  const run = withTests(replayed(clear), judgement(asset, everywhere), 'npm run e2e', name)
  assert.match(terminal(run), /request 3 GET \/a\.css answered `401`/)
})

test('what the replay found takes up the tests: none is told twice', () => {
  const { verdict } = statefulShop.proof
  const found = verdict.verdict === 'stateful' ? verdict.findings.slice(0, 1) : []
  const base = { ...replayed({ verdict: 'stateful', findings: found }), flow: statefulShop.flow }
  const findings = (modes: TestsFailed['modes']) => {
    const { verdict: merged } = withTests(base, judgement(undefined, modes), 'npm run e2e', name).proof
    return merged.verdict === 'stateful' ? merged.findings.map(({ tests }) => tests?.command) : []
  }
  assert.deepEqual(findings(everywhere), ['npm run e2e'])
  const elsewhere = { 'private-disk': false, 'shared-disk': undefined, restart: false }
  assert.deepEqual(findings(elsewhere), [undefined, 'npm run e2e'])
})

test('tests that pass whoever answers judge, also where their requests cannot be played again', () => {
  const passed = { ...judgement(undefined, everywhere), failed: undefined }
  const verdictOf = (verdict: Verdict, schedules: number) =>
    withTests(replayed(verdict), { ...passed, schedules }, 'npm run e2e', name).proof.verdict
  assert.deepEqual(verdictOf(broken, 2), { verdict: 'no-divergence', schedules: 2 })
  assert.deepEqual(verdictOf(broken, 0), broken)
  assert.deepEqual(verdictOf(clear, 2), clear)
})
