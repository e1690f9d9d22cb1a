import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstanceState } from './fleet-options.ts'
import { planSteps, type FleetWish, type PlannedInstance, type Step } from './plan.ts'
import { wishOf } from './target.ts'
import type { Version } from './version.ts'

const a: Version = { number: 1, label: 'a', command: ['node'], cwd: '/', env: {} }
const b: Version = { ...a, number: 2, label: 'b' }

function wish(servers: FleetWish['servers'], rest: Partial<FleetWish> = {}): FleetWish {
  const promised = servers.reduce((sum, { instances }) => sum + instances, 0)
  return { servers, promised, spares: 0, spareVersion: a, surge: 1, ...rest }
}

/** `1a` is ready; `2a?` starts, `3b!` waits after a death, `4a~` drains; a spare has `+`, one that retires `-` at its end. */
function fleet(...words: readonly string[]): readonly PlannedInstance[] {
  const states: Readonly<Record<string, InstanceState>> = { '?': 'starting', '!': 'backoff', '~': 'draining' }
  return words.map((word) => {
    const [, id = '', version = '', marks = ''] = /^(\d+)([ab])(.*)$/.exec(word) ?? []
    const state = states[marks[0] ?? ''] ?? 'ready'
    return {
      id,
      version: version === 'a' ? 1 : 2,
      state,
      role: marks.includes('+') ? 'spare' : 'server',
      isRetiring: marks.includes('-'),
      startedAtMs: Number(id),
    }
  })
}

function shown(step: Step): string {
  if (step.kind === 'add') return `add ${step.version.label} ${step.role}`
  return step.kind === 'assign' ? `${step.id} is ${step.role}` : `${step.kind} ${step.id}`
}

const three = [{ version: a, instances: 3 }]
const cases: readonly (readonly [
  what: string,
  wish: FleetWish,
  fleet: readonly PlannedInstance[],
  steps: readonly string[],
])[] = [
  ['an empty fleet is filled', wish(three), [], ['add a server', 'add a server', 'add a server']],
  ['what is as wished stays', wish(three), fleet('1a', '2a?', '3a!'), []],
  [
    'more are added at once',
    wish([{ version: a, instances: 5 }]),
    fleet('1a', '2a', '3a'),
    ['add a server', 'add a server'],
  ],
  [
    'fewer: the oldest is drained',
    wish([{ version: a, instances: 2 }]),
    fleet('1a', '2a', '3a'),
    ['drain 1'],
  ],
  [
    'fewer: one that is not ready goes first',
    wish([{ version: a, instances: 2 }]),
    fleet('1a', '2a', '3a!'),
    ['remove 3'],
  ],
  ['one that drains counts no more', wish([{ version: a, instances: 2 }]), fleet('1a~', '2a', '3a'), []],

  [
    'a deploy begins with one more',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a', '2a', '3a'),
    ['add b server'],
  ],
  [
    '… no old one goes before it is ready',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a', '2a', '3a', '4b?'),
    [],
  ],
  [
    '… then one does',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a', '2a', '3a', '4b'),
    ['drain 1'],
  ],
  [
    '… unless a death has left too few',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a', '2a!', '3a', '4b'),
    ['remove 2'],
  ],
  [
    '… so that one that starts again is awaited',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a', '2a?', '3a', '4b?'),
    [],
  ],
  [
    'a larger surge starts more at a time',
    wish(
      [
        { version: a, instances: 0 },
        { version: b, instances: 3 },
      ],
      { surge: 2 },
    ),
    fleet('1a', '2a', '3a'),
    ['add b server', 'add b server'],
  ],
  [
    'a version that only crashes can be replaced',
    wish([
      { version: a, instances: 1 },
      { version: b, instances: 2 },
    ]),
    fleet('1a!', '2a!', '3a!', '4b'),
    ['add b server', 'remove 1', 'remove 2'],
  ],
  [
    '… one for each that was found good',
    wish([
      { version: a, instances: 2 },
      { version: b, instances: 1 },
    ]),
    fleet('1a!', '2a!', '3a!', '4b'),
    ['remove 1'],
  ],
  [
    'fewer, while none is ready: one that waits after a death goes, one that starts stays',
    wish([{ version: a, instances: 1 }]),
    fleet('1a!', '2a!', '3a?'),
    ['remove 1', 'remove 2'],
  ],
  [
    'a bad version goes at once, before it is replaced',
    wish([
      { version: a, instances: 3 },
      { version: b, instances: 0, isBad: true },
    ]),
    fleet('2a', '3a', '4b'),
    ['add a server', 'drain 4'],
  ],
  [
    '… but not as the last that is ready',
    wish([
      { version: a, instances: 1 },
      { version: b, instances: 0, isBad: true },
    ]),
    fleet('1a?', '4b'),
    [],
  ],
  [
    '… and what of it is not ready goes in any case',
    wish([
      { version: a, instances: 1 },
      { version: b, instances: 0, isBad: true },
    ]),
    fleet('1a?', '4b!'),
    ['remove 4'],
  ],

  ['one that retires is replaced', wish(three), fleet('1a', '2a-', '3a'), ['add a server']],
  ['… and kept until the other is ready', wish(three), fleet('1a', '2a-', '3a', '4a?'), []],
  ['… and then drained', wish(three), fleet('1a', '2a-', '3a', '4a'), ['drain 2']],
  ['two that retire go one after the other', wish(three), fleet('1a-', '2a-', '3a'), ['add a server']],

  ['spares are added', wish(three, { spares: 1 }), fleet('1a', '2a', '3a'), ['add a spare']],
  [
    'a spare takes the place of the dead, which comes back as a spare',
    wish(three, { spares: 1 }),
    fleet('1a', '2a!', '3a', '4a+'),
    ['4 is server', '2 is spare'],
  ],
  [
    'a spare takes a place that is added',
    wish([{ version: a, instances: 4 }], { spares: 1 }),
    fleet('1a', '2a', '3a', '4a+'),
    ['4 is server', 'add a spare'],
  ],
  ['a spare that starts takes no place', wish(three, { spares: 1 }), fleet('1a', '2a!', '3a', '4a?+'), []],
  [
    'spares of a version that went are exchanged',
    wish([{ version: b, instances: 1 }], { spares: 1, spareVersion: b }),
    fleet('1b', '2a+'),
    ['remove 2', 'add b spare'],
  ],
  [
    'too many spares go, a ready one stays',
    wish(three, { spares: 1 }),
    fleet('1a', '2a', '3a', '4a?+', '5a+'),
    ['remove 4'],
  ],
]

for (const [what, wished, instances, steps] of cases) {
  test(`planSteps: ${what}`, () => {
    assert.deepEqual(planSteps(wished, instances).map(shown), steps)
  })
}

test('planSteps: a new instance that is not proven yet runs beside the old ones, and its surge is what it takes', () => {
  const target = { instances: 3, spares: 0, current: a }
  const next = { version: b, instances: 1, proven: 0, surge: 1, isBad: false }
  const steps = (proven: number, ...words: readonly string[]) =>
    planSteps(wishOf({ ...target, next: { ...next, proven } }), fleet(...words)).map(shown)
  assert.deepEqual(steps(0, '1a', '2a', '3a'), ['add b server'])
  assert.deepEqual(steps(0, '1a', '2a', '3a', '4b'), [])
  assert.deepEqual(steps(1, '1a', '2a', '3a', '4b'), ['drain 1'])
  assert.deepEqual(steps(0, '1a', '2a!', '3a', '4b'), [], 'an old one that died is awaited')
})
