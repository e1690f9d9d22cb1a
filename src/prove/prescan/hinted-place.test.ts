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

test('what only files showed gets the line of the only hint of its kind, and stays observed', () => {
  const cause = causeAfter({ kind: 'local-sqlite', evidence: 'observed' }, [hint('local-sqlite', 9)])
  assert.equal(cause?.declaredAt?.line, 9)
  assert.equal(cause.evidence, 'observed')
})

test('memory that was only concluded is a cache where the sources have nothing else in memory', () => {
  assert.equal(causeAfter({}, [hint('in-process-cache', 4)])?.kind, 'in-process-cache')
  assert.equal(causeAfter({}, [hint('in-process-cache', 4), hint('module-state', 5)])?.kind, 'module-state')
})

test('a variable of a build is told by the only line of the sources that declares one of its name', () => {
  const seen = {
    evidence: 'observed' as const,
    holder: 'carts',
    declaredAt: { file: 'build/server/chunks/a.js', line: 70, text: undefined },
  }
  const named = (holder: string, line: number): Hint => ({ ...hint('module-state', line), holder })
  assert.equal(causeAfter(seen, [named('carts', 3), named('hits', 4)])?.declaredAt?.file, 'a.js')
  assert.equal(causeAfter(seen, [named('hits', 4)])?.declaredAt?.line, 70)
  const own = { ...seen, declaredAt: { ...seen.declaredAt, file: 'src/b.js' } }
  assert.equal(causeAfter(own, [named('carts', 3)])?.declaredAt?.line, 70)
})

test('a variable of a build that shortens names is told by what stands around it', () => {
  const text =
    'd=new Map,e=1;function f(a){let b={id:e++,text:a};return d.set(b.id,b),b}let g=()=>[...d.values()]'
  const declaredAt = { file: '.next/server/app/route.js', line: 1, column: 7410, text }
  const marks = ['new Map', 'set', 'id', 'values', 'get']
  const notes: Hint = { ...hint('module-state', 2), holder: 'notes', marks }
  const entries: Hint = {
    ...hint('module-state', 4),
    holder: 'entries',
    marks: ['push', 'get', 'name', 'get'],
  }
  const cause = causeAfter({ evidence: 'observed', holder: 'd', declaredAt }, [entries, notes])
  assert.equal(cause?.declaredAt?.line, 2)
  assert.equal(cause.holder, 'notes')
})
