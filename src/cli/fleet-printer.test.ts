import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshot } from '../../test/support/sample-snapshot.ts'
import { createFleetPrinter, prefix, styleOf, welcomeLines } from './fleet-printer.ts'
import type { Printer } from './printer.ts'

function recorder(isTerminal = false): Printer & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    isTerminal,
    out: (line) => lines.push(`out ${line}`),
    err: (line) => lines.push(`err ${line}`),
    paint: (_, text) => text,
    taken: () => Promise.resolve(true),
    flush: () => Promise.resolve(),
  }
}

test('createFleetPrinter puts the id before each line and keeps the two streams apart', () => {
  const printer = recorder()
  const reporter = createFleetPrinter(printer, { program: 'drover', flags: '' })
  reporter.output('1', 'stdout', 'hello')
  reporter.output('12', 'stderr', 'oh')
  reporter.announce({ tone: 'bad', text: 'instance 1 killed by SIGKILL' })
  assert.deepEqual(printer.lines, [
    'out      1 | hello',
    'err     12 | oh',
    'out drover | instance 1 killed by SIGKILL',
  ])
})

test('prefix keeps all output in one column', () => {
  assert.equal(prefix('1').length, prefix('drover').length)
})

test('styleOf gives neighbours different colours and any id one', () => {
  const styles = [1, 2, 3, 4, 5, 6].map((id) => styleOf(String(id)))
  assert.equal(new Set(styles).size, 6)
  assert.equal(styleOf('7'), styleOf('1'))
  assert.ok(styleOf('canary') !== undefined && styleOf('0') !== undefined)
})

test('welcomeLines say where to look and what to try, in words that can be typed', () => {
  const hints = { program: 'npx drover', flags: ' --state run' }
  const text = welcomeLines(snapshot, hints, recorder()).join('\n')
  assert.match(text, /2 instances answer as one on http:\/\/127\.0\.0\.1:8080/)
  assert.match(text, /npx drover kill 2 --state run {3}nobody notices/)
  assert.match(text, /npx drover status --state run\n/)
  assert.match(text, /npx drover deploy --state run {3}after a change of the code\n/)
  assert.match(text, /npx drover stop --state run\n/)
  assert.match(welcomeLines(snapshot, hints, recorder(true)).join('\n'), /stop {6}Ctrl-C/)
})
