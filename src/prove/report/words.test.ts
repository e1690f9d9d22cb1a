import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kinds, type Cause, type Difference, type Finding, type Kind } from '../finding.ts'
import type { Flow } from '../flow/flow.ts'
import { httpStep, noCause, observation } from '../../../test/prove/sample-proof.ts'
import { asText } from './phrase.ts'
import { expectedPhrase, findingPhrase, placesText, remedies, stepName } from './words.ts'

const flow: Flow = {
  clients: ['visitor'],
  steps: [httpStep('GET', '/'), httpStep('GET', '/x'), httpStep('POST', '/cart'), httpStep('GET', '/cart')],
}

function finding(
  cause: Partial<Cause>,
  difference: Partial<Difference> = {},
  divergence: Partial<Finding['divergence']> = {},
): Finding {
  return {
    divergence: {
      difference: { step: 3, where: 'body', expected: '[1]', actual: '[]', ...difference },
      modes: { 'private-disk': true, 'shared-disk': true, restart: true },
      writer: 2,
      reader: 3,
      writerInstance: 2,
      readerInstance: 1,
      witness: [2, 3],
      ...divergence,
    },
    cause: { ...noCause, ...cause },
  }
}

function sentence(one: Finding): string {
  return asText(findingPhrase(one, flow))
}

const start = 'request 4 GET /cart answered `[]` because '
const write = 'request 3 POST /cart'
const sentences: Readonly<Record<Kind, string>> = {
  'in-memory-session': `${start}${write} kept the session in \`held\` (a.js:1) of instance 2`,
  'module-state': `${start}${write} kept what it needs in \`held\` (a.js:1) of instance 2`,
  'in-process-cache': `${start}it came from \`held\` (a.js:1) of instance 1, which ${write} could not reach elsewhere`,
  'rate-limiter': `${start}each instance counts requests by itself, in \`held\` (a.js:1)`,
  'local-file': `${start}${write} wrote \`held\` (a.js:1) on the disk of instance 2`,
  'local-sqlite': `${start}${write} wrote to \`held\` (a.js:1) on the disk of instance 2`,
  'upload-directory': `${start}${write} left the upload in \`held\` (a.js:1) on the disk of instance 2`,
  'per-process-secret': `${start}each process makes a secret of its own at its start, \`held\` (a.js:1), so that what ${write} handed out counts nowhere else`,
  'instance-identity': `${start}the answer carries what only one instance has, \`held\` (a.js:1)`,
  'instance-configuration': `${start}the instances are configured differently, by \`held\` (a.js:1)`,
  'boot-side-effect': `${start}each start of a process changes what all of them share, in \`held\` (a.js:1)`,
  'sticky-transport': `${start}${write} opened a connection that is known in \`held\` (a.js:1) of instance 2 only`,
  'socket-rooms': `${start}${write} reached only those whose sockets are in \`held\` (a.js:1) of instance 2`,
  'in-process-schedule': `${start}each instance runs \`held\` (a.js:1) by itself`,
  'acknowledged-before-written': `${start}${write} was answered while what it wrote was still in \`held\` (a.js:1), and the process was killed then`,
  unexplained: `request 4 GET /cart answered \`[]\`, and this depends on which instance answered ${write}; why was not seen`,
}

describe('a finding as a sentence', () => {
  const declaredAt = { file: 'a.js', line: 1, text: undefined }
  for (const kind of kinds)
    test(kind, () => {
      assert.equal(sentence(finding({ kind, holder: 'held', declaredAt })), sentences[kind])
    })

  test('says both lines, and the file of the second only where it is another one', () => {
    const writtenAt = { file: 'a.js', line: 9, text: undefined }
    assert.equal(placesText(declaredAt, writtenAt), 'a.js:1, written at :9')
    assert.equal(placesText(declaredAt, { ...writtenAt, file: 'b.js' }), 'a.js:1, written at b.js:9')
    assert.equal(placesText(undefined, writtenAt), 'written at a.js:9')
    assert.equal(placesText(declaredAt, declaredAt), 'a.js:1')
    assert.equal(placesText(undefined, undefined), '')
  })

  test('without a name it says in words what holds the state; a file is one', () => {
    assert.match(sentence(finding({})), /kept what it needs in memory of instance 2$/)
    assert.match(
      sentence(finding({ kind: 'local-sqlite', files: ['app.db'] })),
      /wrote to `app\.db` on the disk/,
    )
  })

  test('names the package that the state lives in', () => {
    const cause = { kind: 'in-memory-session', holder: 'MemoryStore', package: 'express-session' } as const
    assert.match(sentence(finding(cause)), /in `MemoryStore` of the package express-session of instance 2$/)
  })

  test('what comes with Node is not called a package', () => {
    const cause = { kind: 'local-sqlite', holder: 'notes.db', package: 'node:sqlite' } as const
    assert.match(sentence(finding(cause)), /wrote to `notes\.db` of node:sqlite on the disk/)
  })

  test('is careful where the cause was concluded only', () => {
    assert.match(
      sentence(finding({ evidence: 'concluded' })),
      /answered `\[\]`, most likely because request 3/,
    )
  })

  test('of a difference after restarts only, it speaks of the process that was killed', () => {
    const modes = { 'private-disk': false, 'shared-disk': false, restart: true }
    assert.match(
      sentence(finding({ holder: 'queue' }, {}, { modes, writerInstance: 1, readerInstance: 1 })),
      /in `queue` of a process that was killed since$/,
    )
  })

  test('says where the answer differs', () => {
    const seen = (difference: Partial<Difference>) =>
      sentence(finding({}, difference)).replace(/ because .*/, '')
    assert.equal(seen({ where: 'status', actual: '401' }), 'request 4 GET /cart answered `401`')
    assert.equal(
      seen({ where: 'header location', actual: '/login' }),
      'request 4 GET /cart answered with header `location` `/login`',
    )
    assert.equal(
      seen({ where: 'body items.0', actual: '3' }),
      'request 4 GET /cart answered `3` at `items.0`',
    )
    assert.equal(seen({ where: 'message 2', actual: '(nothing)' }), 'request 4 GET /cart received nothing')
  })

  test('a short answer is told whole, where the part that differs says less', () => {
    const showing = {
      alone: { mode: 'single', observations: [observation(3, 1, 200, '["apple"]')] },
      run: { mode: 'private-disk', observations: [observation(3, 1, 200, '[]')] },
    } as const
    const length = finding({}, { where: 'body length', expected: '1', actual: '0' })
    assert.match(
      asText(findingPhrase(length, flow, showing)),
      /^request 4 GET \/cart answered `\[\]` because/,
    )
    const told = expectedPhrase(length.divergence.difference, showing)
    assert.equal(asText(told), 'one instance alone answers `["apple"]`')
    const status = finding({}, { where: 'status', actual: '404' })
    assert.match(asText(findingPhrase(status, flow, showing)), /answered `404` because/)
  })

  test('without a known writer it says so', () => {
    const unknown = { writer: undefined, writerInstance: undefined }
    assert.match(sentence(finding({}, {}, unknown)), /because an earlier request kept .* of one instance$/)
  })

  test('of several clients it says who', () => {
    const two: Flow = {
      clients: ['ann', 'bob'],
      steps: flow.steps.with(3, httpStep('GET', '/cart', 'bob')),
    }
    assert.match(asText(findingPhrase(finding({}), two)), /^request 4 GET \/cart by bob answered/)
  })
})

test('what one instance answers is quoted, unless it is told in relation to another answer', () => {
  const told = (expected: string) => asText(expectedPhrase({ step: 0, where: 'text', expected, actual: '' }))
  assert.equal(told('a\nb'), 'one instance alone answers `a b`')
  assert.equal(
    told('the same as at body id of step 2 (7)'),
    'one instance alone answers the same as at body id of step 2 (7)',
  )
})

test('every kind of step has a name of one line', () => {
  const socket = { kind: 'websocket', client: 'visitor', origin: '', socket: 's' } as const
  const steps: Flow['steps'] = [
    { ...socket, action: { do: 'connect', path: '/chat', headers: {} } },
    { ...socket, action: { do: 'send', text: 'a\nb' } },
    { ...socket, action: { do: 'expect', includes: 'hi', withinMs: 10 } },
    { ...socket, action: { do: 'close' } },
    { kind: 'wait', waitMs: 50, origin: '' },
  ]
  assert.deepEqual(
    Array.from({ length: 6 }, (_, index) => stepName({ clients: ['visitor'], steps }, index)),
    ['connect /chat', 'send a b', 'expect hi', 'close', 'wait 50 ms', 'not in the flow'],
  )
})

test('every kind has a remedy, the one of Drover first', () => {
  for (const kind of kinds)
    assert.ok(
      remedies(kind).every((text) => text.endsWith('.')),
      kind,
    )
  assert.match(remedies('rate-limiter')[0] ?? '', /drover\/rate-limit/)
})
