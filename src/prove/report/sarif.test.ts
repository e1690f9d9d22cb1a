import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '../finding.ts'
import {
  cleanShop,
  hostileApp,
  noCause,
  statefulShop,
  undecidedShop,
} from '../../../test/prove/sample-proof.ts'
import type { ReportInput } from './input.ts'
import { sarifReport } from './sarif.ts'

interface Place {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string }
    readonly region: { readonly startLine: number; readonly snippet?: { readonly text: string } }
  }
  readonly message?: { readonly text: string }
}

interface Result {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly Place[]
  readonly relatedLocations?: readonly Place[]
  readonly partialFingerprints: Readonly<Record<string, string>>
}

interface Run {
  readonly tool: {
    readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] }
  }
  readonly invocations: readonly [
    {
      readonly executionSuccessful: boolean
      readonly toolExecutionNotifications: readonly { level: string; message: { text: string } }[]
    },
  ]
  readonly results: readonly Result[]
}

function runOf(input: ReportInput): Run {
  const log = JSON.parse(sarifReport(input)) as { $schema: string; version: string; runs: Run[] }
  assert.equal(log.version, '2.1.0')
  assert.match(log.$schema, /sarif-schema-2\.1\.0\.json$/)
  assert.equal(log.runs.length, 1)
  const [run] = log.runs
  assert.ok(run)
  return run
}

test('each finding is a result of the rule of its kind, at the line that writes', () => {
  const { results } = runOf(statefulShop)
  assert.deepEqual(
    results.map(({ ruleId, level }) => [ruleId, level]),
    [
      ['module-state', 'error'],
      ['in-memory-session', 'error'],
    ],
  )
  const [place] = results[0]?.locations ?? []
  assert.deepEqual(place?.physicalLocation, {
    artifactLocation: { uri: 'src/cart.ts', uriBaseId: '%SRCROOT%' },
    region: { startLine: 31, snippet: { text: 'carts.set(req.visitor, lines)' } },
  })
  assert.equal(results[0]?.relatedLocations?.[0]?.physicalLocation.region.startLine, 12)
  assert.match(
    results[0]?.message.text ?? '',
    /^request 7 GET \/cart answered .* one instance alone answers /,
  )
})

test('whatever an app says, the log keeps what the schema wants of it', () => {
  const { tool, results } = runOf(hostileApp)
  assert.deepEqual(
    tool.driver.rules.map(({ id }) => id),
    kinds,
  )
  for (const result of results) {
    assert.equal(tool.driver.rules[result.ruleIndex]?.id, result.ruleId)
    assert.ok(result.message.text.length > 0)
    assert.doesNotMatch(result.message.text, /\]\(/)
    assert.equal(result.locations.length, 1)
    for (const { physicalLocation } of [...result.locations, ...(result.relatedLocations ?? [])]) {
      // A URI reference: RFC 3986 section 2, no blank and nothing that must be encoded.
      assert.match(physicalLocation.artifactLocation.uri, /^[\w.~!*'()%/:-]+$/)
      assert.ok(Number.isInteger(physicalLocation.region.startLine) && physicalLocation.region.startLine > 0)
    }
    assert.match(result.partialFingerprints['proof/v1'] ?? '', /^[0-9a-f]{32}$/)
  }
})

test('a finding without a line is placed at the file that the app starts with, and says so', () => {
  const { verdict } = statefulShop.proof
  assert.ok(verdict.verdict === 'stateful')
  const findings = verdict.findings.map(({ divergence }) => ({ divergence, cause: noCause }))
  const input = {
    ...statefulShop,
    folder: 'apps/shop',
    proof: { ...statefulShop.proof, verdict: { ...verdict, findings } },
  }
  const [result] = runOf(input).results
  assert.equal(result?.locations[0]?.physicalLocation.artifactLocation.uri, 'apps/shop/src/server.ts')
  assert.match(result.message.text, /The line is not known\.$/)
})

test('a line that moves does not make a finding a new one', () => {
  const { verdict } = statefulShop.proof
  assert.ok(verdict.verdict === 'stateful')
  const findings = verdict.findings.map(({ divergence, cause }) => {
    const { writtenAt } = cause
    return {
      divergence,
      cause: writtenAt === undefined ? cause : { ...cause, writtenAt: { ...writtenAt, line: 99 } },
    }
  })
  const moved = { ...statefulShop, proof: { ...statefulShop.proof, verdict: { ...verdict, findings } } }
  const prints = (input: ReportInput) => runOf(input).results.map((one) => one.partialFingerprints)
  assert.deepEqual(prints(moved), prints(statefulShop))
})

test('hints are no results; no finding is an empty list; no verdict is a failed run that says why', () => {
  assert.equal(runOf(statefulShop).results.length, 2)
  assert.deepEqual(runOf(cleanShop).results, [])
  const [invocation] = runOf(undecidedShop).invocations
  assert.equal(invocation.executionSuccessful, false)
  assert.deepEqual(invocation.toolExecutionNotifications, [
    { level: 'error', message: { text: 'The app did not start: it ended with code 1' } },
  ])
})
