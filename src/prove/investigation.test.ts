import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding, ModeTriple } from './finding.ts'
import { isToldBetter } from './investigation.ts'

function finding(
  modes: readonly [disk: boolean, shared: boolean, restart: boolean],
  writer: number | undefined,
  evidence: Finding['cause']['evidence'],
): Finding {
  const [disk, shared, restart] = modes
  const triple: ModeTriple = { 'private-disk': disk, 'shared-disk': shared, restart }
  const difference = { step: 4, where: 'status', expected: '200', actual: '404' }
  return {
    divergence: {
      difference,
      modes: triple,
      writer,
      reader: 4,
      writerInstance: undefined,
      readerInstance: 1,
      witness: [],
    },
    cause: {
      kind: 'local-file',
      holder: undefined,
      declaredAt: undefined,
      writtenAt: undefined,
      files: [],
      package: undefined,
      evidence,
    },
  }
}

const seen = { finding: finding([true, true, false], 1, 'observed') }

test('what nobody wrote and nobody saw is not told beside what differs alike between instances', () => {
  assert.equal(isToldBetter(finding([true, true, true], undefined, 'concluded'), [seen]), true)
})

test('what was seen inside is told unless it differs in every mode alike', () => {
  assert.equal(isToldBetter(finding([true, true, true], undefined, 'observed'), [seen]), false)
  assert.equal(isToldBetter(finding([true, true, false], undefined, 'observed'), [seen]), true)
})

test('what differs otherwise between instances, or has a writer, is told', () => {
  assert.equal(isToldBetter(finding([true, false, true], undefined, 'concluded'), [seen]), false)
  assert.equal(isToldBetter(finding([true, true, true], 3, 'concluded'), [seen]), false)
})
