import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unexplained } from '../evidence.ts'
import type { Cause, Divergence, Hint, Verdict } from '../finding.ts'
import { withHintedPlaces } from './hinted-place.ts'

const divergence: Divergence = {
  difference: { step: 1, where: 'status', expected: '200', actual: '404' },
  modes: { 'private-disk': true, 'shared-disk': true, restart: true },
  writer: 0,
  reader: 1,
  writerInstance: 1,
  readerInstance: 2,
  witness: [0, 1],
}

function hint(kind: Hint['kind'], line: number): Hint {
  return { kind, at: { file: 'a.js', line, text: 'let x' }, text: 'x' }
}

function causeAfter(cause: Partial<Cause>, hints: readonly Hint[]): Cause | undefined {
  const findings = [{ divergence, cause: { ...unexplained, kind: 'module-state' as const, ...cause } }]
  const verdict: Verdict = withHintedPlaces({ verdict: 'stateful', findings }, hints)
  return verdict.verdict === 'stateful' ? verdict.findings[0]?.cause : undefined
}

test('a concluded cause gets the line of the only hint of its kind, and stays concluded', () => {
  const cause = causeAfter({}, [hint('module-state', 3), hint('local-sqlite', 9)])
  assert.equal(cause?.declaredAt?.line, 3)
  assert.equal(cause.placeFrom, 'sources')
  assert.equal(cause.evidence, 'concluded')
})

test('of two hints of its kind none is taken, nor one of another kind', () => {
  assert.equal(causeAfter({}, [hint('module-state', 3), hint('module-state', 4)])?.declaredAt, undefined)
  assert.equal(causeAfter({}, [hint('local-sqlite', 9)])?.declaredAt, undefined)
})

test('what was observed, or has a line, keeps what it has', () => {
  assert.equal(causeAfter({ evidence: 'observed' }, [hint('module-state', 3)])?.declaredAt, undefined)
  const writtenAt = { file: 'b.js', line: 7, text: undefined }
  assert.equal(causeAfter({ writtenAt }, [hint('module-state', 3)])?.placeFrom, undefined)
})
