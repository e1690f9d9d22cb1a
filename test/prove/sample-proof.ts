// Proofs as a run would hand them over: one that reads well, one of all kinds whose every text is hostile, and the two without findings.
import { kinds, type Cause, type Finding, type Kind, type Proof } from '../../src/prove/finding.ts'
import type { Flow, HttpStep } from '../../src/prove/flow/flow.ts'
import type { ReportInput } from '../../src/prove/report/input.ts'
import { excerptsOf } from '../../src/prove/report/excerpt.ts'
import type { Mode, Observation, Trace } from '../../src/prove/trace.ts'

/** Ends elements, attributes, comments, scripts and CDATA; steers terminals, turns text around; no XML may hold all of it. */
export const hostile =
  '</td></script><script>alert(1)</script><img src=x onerror=alert(2)>"\' ]]> -->\u001B[31mred\u001B[0m\u0007\u202Eabc\uD800`${x}`&amp;'

export function httpStep(method: string, path: string, client = 'visitor'): HttpStep {
  return {
    kind: 'http',
    client,
    origin: `${method} ${path}`,
    method,
    path,
    headers: {},
    body: undefined,
    capture: {},
    expect: { status: undefined, includes: undefined },
  }
}

export function observation(step: number, instance: number, status: number, body: string): Observation {
  return {
    step,
    instance,
    status,
    headers: { 'content-type': ['application/json'], date: ['now'] },
    body: Buffer.from(body),
    messages: [],
    error: undefined,
    captured: {},
    startedAtMs: 0,
    durationMs: 3,
  }
}

const shopFlow: Flow = {
  clients: ['visitor'],
  steps: [
    httpStep('GET', '/'),
    httpStep('GET', '/products'),
    httpStep('POST', '/cart'),
    { kind: 'wait', waitMs: 100, origin: 'step 4' },
    httpStep('GET', '/products/2'),
    httpStep('POST', '/login'),
    httpStep('GET', '/cart'),
  ],
}

const source = `import express from 'express'
import { price } from './price.ts'

export const router = express.Router()

// One cart for each visitor.
interface Line {
  readonly id: number
  readonly quantity: number
}

const carts = new Map<string, Line[]>()

router.get('/cart', (req, res) => {
  res.json(carts.get(req.visitor) ?? [])
})

function total(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + price(line.id) * line.quantity, 0)
}

router.get('/cart/total', (req, res) => {
  res.json({ total: total(carts.get(req.visitor) ?? []) })
})

router.post('/cart', (req, res) => {
  const lines = carts.get(req.visitor) ?? []
  if (req.body.quantity < 1) return res.sendStatus(422)
  lines.push({ id: req.body.id, quantity: req.body.quantity })
  // Nobody else sees this.
  carts.set(req.visitor, lines)
  res.status(201).json(lines)
})
`.split('\n')

export const noCause: Cause = {
  kind: 'module-state',
  holder: undefined,
  declaredAt: undefined,
  writtenAt: undefined,
  files: [],
  package: undefined,
  evidence: 'observed',
}

const cartFinding: Finding = {
  divergence: {
    difference: { step: 6, where: 'body', expected: '[{"id":2,"quantity":1}]', actual: '[]' },
    modes: { 'private-disk': true, 'shared-disk': true, restart: true },
    writer: 2,
    reader: 6,
    writerInstance: 2,
    readerInstance: 3,
    witness: [2, 6],
  },
  cause: {
    ...noCause,
    holder: 'carts',
    declaredAt: { file: 'src/cart.ts', line: 12, text: source[11] },
    writtenAt: { file: 'src/cart.ts', line: 31, text: source[30]?.trim() },
  },
}

const sessionFinding: Finding = {
  divergence: {
    difference: { step: 6, where: 'status', expected: '200', actual: '302 to /login' },
    modes: { 'private-disk': true, 'shared-disk': true, restart: undefined },
    writer: 5,
    reader: 6,
    writerInstance: 1,
    readerInstance: 3,
    witness: [5, 6],
  },
  cause: {
    ...noCause,
    kind: 'in-memory-session',
    holder: 'MemoryStore',
    declaredAt: { file: 'src/server.ts', line: 9, text: 'app.use(session({ secret }))' },
    package: 'express-session',
    evidence: 'concluded',
  },
}

function trace(mode: Mode, observations: readonly Observation[]): Trace {
  return { mode, observations }
}

const full =
  '{"lines":[{"id":2,"name":"Bell","quantity":1},{"id":5,"name":"Rope, 10 m","quantity":3}],"currency":"EUR","total":5370}'

const cartShowing = {
  alone: trace('single', [
    observation(0, 1, 200, '{}'),
    observation(2, 1, 201, '[]'),
    observation(6, 1, 200, full),
  ]),
  run: trace('private-disk', [
    observation(0, 1, 200, '{}'),
    observation(2, 2, 201, '[]'),
    observation(4, 1, 200, '{}'),
    observation(6, 3, 200, '{"lines":[],"currency":"EUR","total":0}'),
  ]),
}

const surroundings = {
  app: 'node src/server.ts',
  again: { words: 'npx drover prove --seed 7 --flow checkout.yaml', command: ' -- node src/server.ts' },
  program: 'npx drover',
  version: '1.2.3',
  folder: '',
  entry: 'src/server.ts',
  finishedAt: new Date('2026-05-04T10:20:30.400Z'),
  hasPage: false,
}

function proofOf(verdict: Proof['verdict']): Proof {
  return {
    seed: 7,
    verdict,
    coverage: { driven: ['GET /', 'GET /products', 'POST /cart', 'GET /cart'], undriven: ['DELETE /cart'] },
    limits: [],
    hints: [],
    durationMs: 21_340,
  }
}

export const statefulShop: ReportInput = {
  ...surroundings,
  flow: shopFlow,
  proof: {
    ...proofOf({ verdict: 'stateful', findings: [cartFinding, sessionFinding] }),
    limits: ['strace is not installed: writes of SQLite could not be seen'],
    hints: [
      {
        kind: 'in-process-schedule',
        at: { file: 'src/mail.ts', line: 4, text: 'setInterval(send, 60_000)' },
        text: 'setInterval outside a request',
      },
    ],
  },
  showings: [cartShowing, undefined],
  excerpts: [
    excerptsOf('src/cart.ts', source, [
      { line: 12, role: 'declared' },
      { line: 31, role: 'written' },
    ]),
    [],
  ],
}

export const cleanShop: ReportInput = {
  ...surroundings,
  flow: shopFlow,
  proof: proofOf({ verdict: 'no-divergence', schedules: 5 }),
  showings: [],
  excerpts: [],
}

export const undecidedShop: ReportInput = {
  ...surroundings,
  flow: { clients: ['visitor'], steps: [] },
  proof: {
    ...proofOf({ verdict: 'could-not-judge', why: 'The app did not start: it ended with code 1' }),
    coverage: { driven: [], undriven: undefined },
  },
  showings: [],
  excerpts: [],
}

const hostileFlow: Flow = {
  clients: [hostile, 'b'],
  steps: [
    httpStep('POST', `/${hostile}`, hostile),
    {
      kind: 'websocket',
      client: 'b',
      origin: hostile,
      socket: hostile,
      action: { do: 'expect', includes: hostile, withinMs: 1 },
    },
  ],
}

function hostileFinding(kind: Kind, index: number): Finding {
  const wheres = ['status', `header ${hostile}`, `cookie ${hostile}`, `body ${hostile}`, 'message 1', 'text']
  return {
    divergence: {
      difference: {
        step: 1,
        where: wheres[index % wheres.length] ?? 'text',
        expected: hostile,
        actual: hostile,
      },
      modes: { 'private-disk': true, 'shared-disk': false, restart: undefined },
      writer: index % 3 === 2 ? undefined : 0,
      reader: 1,
      writerInstance: index % 3 === 2 ? undefined : 2,
      readerInstance: 3,
      witness: [0, 1],
    },
    cause: {
      kind,
      holder: index % 4 === 3 ? undefined : hostile,
      declaredAt: { file: `a b/${hostile}.js`, line: 1, text: hostile },
      writtenAt: { file: 'c.js', line: 2, text: hostile },
      files: [hostile],
      package: hostile,
      evidence: index % 2 === 0 ? 'observed' : 'concluded',
    },
  }
}

const hostileAnswer: Observation = {
  ...observation(1, 3, 200, hostile),
  headers: { 'content-type': ['text/html'], [hostile]: [hostile, hostile] },
  messages: [hostile],
  error: hostile,
}

/** A finding of each kind. */
export const hostileApp: ReportInput = {
  ...surroundings,
  app: hostile,
  again: { words: `npx drover prove --seed 7 --flow '${hostile}'`, command: ` -- '${hostile}'` },
  folder: 'sub folder',
  flow: hostileFlow,
  proof: {
    ...proofOf({ verdict: 'stateful', findings: kinds.map(hostileFinding) }),
    coverage: { driven: [hostile, `POST /${hostile}`], undriven: [hostile] },
    limits: [hostile],
    hints: [{ kind: 'module-state', at: { file: hostile, line: 1, text: hostile }, text: hostile }],
  },
  showings: kinds.map(() => ({
    alone: trace('single', [observation(0, 1, 200, hostile), { ...hostileAnswer, status: 0, messages: [] }]),
    run: trace('private-disk', [observation(0, 2, 200, hostile), hostileAnswer]),
  })),
  excerpts: kinds.map(() => excerptsOf(hostile, [hostile, hostile], [{ line: 2, role: 'written' }])),
}
