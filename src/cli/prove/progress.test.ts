import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Progress } from '../../prove/request.ts'
import { createProgressView, progressLine } from './progress.ts'

const at = (more: Partial<Progress>): Progress => ({
  phase: 'schedule',
  run: 4,
  mode: 'shared-disk',
  step: 3,
  steps: 12,
  ...more,
})

function recorded(isTerminal: boolean) {
  const out: string[] = []
  const err: string[] = []
  const printer = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    paint: (_: unknown, text: string) => text,
    isTerminal,
  }
  return { out, err, printer }
}

test('a line says the run, what it is for, its mode and the step', () => {
  assert.equal(progressLine(at({})), 'run 4, looking for a difference, one disk for all, step 3 of 12')
  assert.equal(progressLine(at({ step: 0 })), 'run 4, looking for a difference, one disk for all, starting')
  assert.equal(
    progressLine(at({ phase: 'baseline', mode: 'single' })),
    'run 4, one instance alone, step 3 of 12',
  )
  assert.equal(progressLine(at({ phase: 'prepare', run: 0, step: 0, steps: 0 })), 'getting ready')
})

test('on a terminal one line is drawn again, at most ten times a second, and the cursor comes back', () => {
  const { out, err, printer } = recorded(true)
  let nowMs = 0
  const view = createProgressView(
    printer,
    () => nowMs,
    () => ({ columns: 40, rows: 10 }),
  )
  view.show(at({ step: 1 }))
  view.show(at({ step: 2 }))
  nowMs = 100
  view.show(at({ step: 3 }))
  view.end()
  assert.equal(out.length, 3)
  assert.equal(out[0], '\u001B[?25l\u001B[0Jrun 4, looking for a difference, one dis')
  assert.equal(out[1]?.startsWith('\u001B[1A\r'), true)
  assert.equal(out[2], '\u001B[?25h')
  assert.deepEqual(err, [])
})

test('elsewhere there is a line for each kind of run, on standard error', () => {
  const { out, err, printer } = recorded(false)
  const view = createProgressView(printer, () => 0)
  for (const step of [0, 1, 2]) view.show(at({ step }))
  view.show(at({ run: 5 }))
  view.show(at({ run: 6, mode: 'restart' }))
  // Runs go on side by side.
  view.show(at({ run: 5 }))
  view.show(at({ run: 6, mode: 'restart' }))
  view.end()
  assert.deepEqual(out, [])
  assert.deepEqual(err, [
    'run 4, looking for a difference, one disk for all',
    'run 6, looking for a difference, restarts',
  ])
})

test('a view that was never shown leaves no trace', () => {
  const { out, printer } = recorded(true)
  createProgressView(printer, () => 0).end()
  assert.deepEqual(out, [])
})
