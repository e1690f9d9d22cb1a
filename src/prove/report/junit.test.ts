import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cleanShop,
  hostileApp,
  httpStep,
  statefulShop,
  undecidedShop,
} from '../../../test/prove/sample-proof.ts'
import { junitReport, xml } from './junit.ts'

test('each route is a test: it fails where a finding is about it, and is skipped where nothing reached it', () => {
  const report = junitReport(statefulShop)
  assert.match(
    report,
    /<testsuites name="drover prove" tests="5" failures="1" errors="0" skipped="1" time="21\.340">/,
  )
  assert.match(report, /<testcase classname="drover prove" name="POST \/cart"\/>/)
  assert.match(
    report,
    /name="GET \/cart"><failure type="module-state" message="request 7 GET \/cart answered `\[\]` /,
  )
  assert.match(report, /most likely because request 6 POST \/login kept the session/)
  assert.match(report, /name="DELETE \/cart"><skipped /)
})

test('a finding of a path counts for the route that the path is of', () => {
  const flow = {
    ...statefulShop.flow,
    steps: statefulShop.flow.steps.with(6, httpStep('GET', '/carts/7?all')),
  }
  const coverage = { driven: ['GET /carts/:id'], undriven: undefined }
  const report = junitReport({ ...statefulShop, flow, proof: { ...statefulShop.proof, coverage } })
  assert.match(report, /tests="1" failures="1"/)
  assert.match(report, /name="GET \/carts\/:id"><failure/)
})

test('no verdict is one test with an error', () => {
  assert.match(junitReport(undecidedShop), /tests="1" failures="0" errors="1" skipped="0"/)
  assert.match(junitReport(undecidedShop), /<error type="could-not-judge" message="Could not judge: The app/)
  assert.match(junitReport(cleanShop), /failures="0" errors="0"/)
})

test('xml leaves nothing that ends text or attribute, and no character that XML cannot hold', () => {
  assert.equal(
    xml('<a b="c">&\u0000\u001B\uD800\uFFFE\n\t🐂'),
    '&lt;a b=&quot;c&quot;&gt;&amp;����&#10;&#9;🐂',
  )
  assert.doesNotMatch(junitReport(hostileApp), /<(?:script|img)|\]\]>/)
})
