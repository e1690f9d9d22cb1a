import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRetry, type Progress, type Verdict } from './retry.ts'

const repeatable = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']
const unrepeatable = ['POST', 'PATCH', 'PROPFIND', 'TRACE']

interface Row {
  progress: Progress
  methods: string[]
  bodyReplayable: boolean
  keyEnforced: boolean
  verdict: Verdict
}

/** One row for each cell of R1's table, for bodies that can and cannot be sent again. */
const table: Row[] = [true, false].flatMap((keyEnforced): Row[] => [
  { progress: 'not-sent', methods: repeatable, bodyReplayable: true, keyEnforced, verdict: 'repeat' },
  { progress: 'not-sent', methods: unrepeatable, bodyReplayable: true, keyEnforced, verdict: 'repeat' },
  { progress: 'sent', methods: repeatable, bodyReplayable: true, keyEnforced, verdict: 'repeat' },
  { progress: 'sent', methods: repeatable, bodyReplayable: false, keyEnforced, verdict: 'refuse' },
  {
    progress: 'sent',
    methods: unrepeatable,
    bodyReplayable: true,
    keyEnforced,
    verdict: keyEnforced ? 'repeat' : 'refuse',
  },
  { progress: 'sent', methods: unrepeatable, bodyReplayable: false, keyEnforced, verdict: 'refuse' },
  { progress: 'responded', methods: repeatable, bodyReplayable: true, keyEnforced, verdict: 'repeat' },
  { progress: 'responded', methods: repeatable, bodyReplayable: false, keyEnforced, verdict: 'refuse' },
  {
    progress: 'responded',
    methods: unrepeatable,
    bodyReplayable: true,
    keyEnforced,
    verdict: keyEnforced ? 'repeat' : 'refuse',
  },
  { progress: 'responded', methods: unrepeatable, bodyReplayable: false, keyEnforced, verdict: 'refuse' },
  {
    progress: 'passed',
    methods: [...repeatable, ...unrepeatable],
    bodyReplayable: true,
    keyEnforced,
    verdict: 'reset',
  },
  {
    progress: 'passed',
    methods: [...repeatable, ...unrepeatable],
    bodyReplayable: false,
    keyEnforced,
    verdict: 'reset',
  },
])

for (const { methods, verdict, ...row } of table) {
  const body = row.bodyReplayable ? 'a replayable body' : 'a body too large to replay'
  const key = row.keyEnforced ? 'an enforced key' : 'no enforced key'
  test(`decideRetry answers ${verdict} when ${row.progress}, ${body}, ${key}: ${methods.join(' ')}`, () => {
    for (const method of methods) assert.equal(decideRetry({ ...row, method }), verdict, method)
  })
}
