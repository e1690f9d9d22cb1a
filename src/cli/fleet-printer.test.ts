import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetSnapshot } from '../control/snapshot.ts'
import { createFleetPrinter, prefix, styleOf, welcomeLines } from './fleet-printer.ts'
import { statusLines } from './status.ts'
import type { Printer } from './printer.ts'

const instance = {
  pid: 11,
  port: 4001,
  version: 'abc',
  state: 'ready',
  inFlight: 0,
  requests: 7,
  restarts: 0,
}
const snapshot: FleetSnapshot = {
  state: 'running',
  pid: 10,
  url: 'http://127.0.0.1:8080',
  version: 'abc',
  uptimeMs: 61_000,
  parked: 0,
  balancers: [{ pid: 12, restarts: 0 }],
  instances: [
    { ...instance, id: '1', state: 'ready', uptimeMs: 60_000 },
    { ...instance, id: '2', state: 'backoff', pid: null, port: null, uptimeMs: null },
  ],
}

function recorder(isTerminal = false): Printer & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    isTerminal,
    out: (line) => lines.push(`out ${line}`),
    err: (line) => lines.push(`err ${line}`),
    paint: (_, text) => text,
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
  assert.match(text, /npx drover stop --state run\n/)
  assert.match(welcomeLines(snapshot, hints, recorder(true)).join('\n'), /stop {6}Ctrl-C/)
})

test('statusLines show the fleet in one table', () => {
  assert.deepEqual(statusLines(snapshot, recorder()), [
    'http://127.0.0.1:8080  running · 1 of 2 ready · version abc · up 1 m 1 s',
    '',
    'ID  STATE    PID  PORT  VERSION  IN FLIGHT  REQUESTS  RESTARTS   UPTIME',
    '1   ready     11  4001  abc              0         7         0  1 m 0 s',
    '2   backoff    -     -  abc              0         7         0        -',
  ])
})

test('statusLines tell what is unusual', () => {
  const unusual = { ...snapshot, parked: 3, balancers: [{ pid: 12, restarts: 2 }] }
  assert.match(
    statusLines(unusual, recorder())[0] ?? '',
    / · 3 waiting for an instance · balancer restarted 2 times$/,
  )
})

test('statusLines colour the state and nothing else of a row', () => {
  const painted = { ...recorder(), paint: (style: unknown, text: string) => `<${String(style)}:${text}>` }
  const lines = statusLines(snapshot, painted)
  assert.match(lines[3] ?? '', /^1 {3}<green:ready> {5}11 /)
  assert.match(lines[4] ?? '', /^2 {3}<red:backoff> {4}- /)
})
