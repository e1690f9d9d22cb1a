import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshot } from '../../test/support/sample-snapshot.ts'
import { statusLines } from './status-table.ts'

const plain = { paint: (_: unknown, text: string) => text }
const painted = { paint: (style: unknown, text: string) => `<${String(style)}:${text}>` }

test('statusLines show the fleet in one table', () => {
  assert.deepEqual(statusLines(snapshot, plain), [
    'http://127.0.0.1:8080  running · 1 of 2 ready · version abc · up 1 m 1 s',
    '',
    'ID  STATE    PID  PORT  VERSION  IN FLIGHT  P99  REQUESTS  ERRORS  FAILURES  RESTARTS   UPTIME',
    '1   ready     11  4001  abc              2    -         7       0         1         0  1 m 0 s',
    '2   backoff    -     -  abc              2    -         7       0         1         0        -',
  ])
})

test('statusLines tell what is unusual', () => {
  const [first] = snapshot.instances
  assert.ok(first !== undefined)
  const lines = statusLines(
    {
      ...snapshot,
      parked: 3,
      balancers: [
        { pid: 12, restarts: 1, state: 'serving' },
        { pid: null, restarts: 2, state: 'down' },
      ],
      instances: [{ ...first, ejected: true }],
    },
    plain,
  )
  assert.match(lines[0] ?? '', / · 3 waiting for an instance$/)
  assert.match(lines[3] ?? '', /^1 {3}ejected /)
  assert.equal(lines.at(-1), 'balancers  12 serving, restarted once · down, restarted 2 times')
})

test('statusLines show rates where they are known, and then the balancers too', () => {
  const lines = statusLines(snapshot, plain, { rates: new Map([['1', 2.54]]) })
  assert.match(lines[0] ?? '', / · up 1 m 1 s · 2\.5 requests\/s$/)
  assert.equal(
    lines[2],
    'ID  STATE    PID  PORT  VERSION  IN FLIGHT  REQ/S  P99  REQUESTS  ERRORS  FAILURES  RESTARTS   UPTIME',
  )
  assert.match(lines[3] ?? '', /^1 {3}ready {5}11 {2}4001 {2}abc {14}2 {4}2\.5 /)
  assert.match(lines[4] ?? '', /^2 {3}backoff {4}- {5}- {2}abc {14}2 {6}- /)
  assert.equal(lines.at(-1), 'balancer  12 serving')
  assert.match(statusLines(snapshot, plain, { rates: new Map([['1', 1234.5]]) })[3] ?? '', / 1235 /)
})

test('statusLines colour the state and nothing else of a row', () => {
  const lines = statusLines(snapshot, painted)
  assert.match(lines[3] ?? '', /^1 {3}<green:ready> {5}11 /)
  assert.match(lines[4] ?? '', /^2 {3}<red:backoff> {4}- /)
})

test('statusLines show spares, the bounds of the load and the deploy that goes on', () => {
  const [first] = snapshot.instances
  assert.ok(first !== undefined)
  const lines = statusLines(
    {
      ...snapshot,
      scale: { instances: 4, autoscale: { min: 2, max: 10 } },
      deploy: { version: 'def', number: 2 },
      instances: [
        { ...first, p99Ms: 12.4 },
        { ...first, id: '2', isSpare: true, p99Ms: 1_250 },
      ],
    },
    plain,
  )
  assert.match(
    lines[0] ?? '',
    /running · 1 of 4 ready in 2\.\.10 · 1 spare · version abc · deploying def · up /,
  )
  assert.match(lines[3] ?? '', /^1 {3}ready .* 12 ms /)
  assert.match(lines[4] ?? '', /^2 {3}spare .* 1\.3 s /)
})

test('statusLines fit a narrow terminal: what matters least goes first', () => {
  const rates = new Map([['1', 2.54]])
  const [, , titles = ''] = statusLines(snapshot, plain, { rates, width: 80 })
  assert.equal(titles, 'ID  STATE    VERSION  IN FLIGHT  REQ/S  P99  ERRORS  FAILURES  RESTARTS   UPTIME')
  assert.equal(statusLines(snapshot, plain, { rates, width: 20 })[2]?.includes('RESTARTS'), true)
})
