import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followSteps, noteDeath, type DeployedInstance, type SeenStarts } from './steps.ts'

const rule = { nowMs: 10_000, fresh: 2, healthyTimeMs: 1_000 }
const one: DeployedInstance = {
  id: '1',
  epoch: 1,
  version: 2,
  label: 'b',
  state: 'starting',
  role: 'server',
  isRetiring: false,
  startedAtMs: 9_000,
  readyAtMs: undefined,
}
const ready: DeployedInstance = { ...one, state: 'ready', readyAtMs: 9_500 }
const healthy: DeployedInstance = { ...ready, readyAtMs: 9_000 }
const draining: DeployedInstance = { ...healthy, state: 'draining' }

function follow(...looks: readonly (readonly DeployedInstance[])[]): readonly string[] {
  let seen: SeenStarts = new Map()
  return looks.map((instances) => {
    const { seen: next, steps } = followSteps(seen, instances, rule)
    seen = next
    return steps.map(({ id, epoch, step }) => `${id}#${epoch} ${step}`).join(', ')
  })
}

const cases: readonly (readonly [
  what: string,
  looks: readonly (readonly DeployedInstance[])[],
  told: readonly string[],
])[] = [
  [
    'a whole life',
    [[one], [ready], [healthy], [draining], []],
    ['1#1 starting', '1#1 ready', '1#1 healthy', '1#1 draining', '1#1 gone'],
  ],
  ['nothing twice', [[one], [one], [ready], [ready]], ['1#1 starting', '', '1#1 ready', '']],
  ['ready and healthy between two looks', [[one], [healthy]], ['1#1 starting', '1#1 ready, 1#1 healthy']],
  ['nobody asks whether the old version is healthy', [[{ ...healthy, version: 1 }]], ['1#1 ready']],
  [
    'thrown out before it was ready',
    [[one], [{ ...one, state: 'stopping' }], []],
    ['1#1 starting', '', '1#1 gone'],
  ],
  [
    'another start under the same id',
    [[healthy], [{ ...one, epoch: 2 }]],
    ['1#1 ready, 1#1 healthy', '1#2 starting, 1#1 gone'],
  ],
  ['a spare is nobody’s step until it serves', [[{ ...ready, role: 'spare' }], [ready]], ['', '1#1 ready']],
]

for (const [what, looks, told] of cases) {
  test(`followSteps: ${what}`, () => {
    assert.deepEqual(follow(...looks), told)
  })
}

test('followSteps: one that is not ready is told of every ten seconds, once each, until it is', () => {
  let seen: SeenStarts = new Map()
  const told = [9_000, 18_900, 19_000, 19_200, 45_000, 45_200].flatMap((nowMs) => {
    const { seen: next, steps } = followSteps(seen, [one], { ...rule, nowMs })
    seen = next
    return steps.map(({ step, detail }) => `${nowMs} ${step} ${detail ?? ''}`)
  })
  assert.deepEqual(told, [
    '9000 starting ',
    '19000 starting not ready after 10 s',
    '45000 starting not ready after 30 s',
  ])
  const after = followSteps(seen, [{ ...ready, readyAtMs: 50_000 }], { ...rule, nowMs: 50_100 })
  assert.deepEqual(
    after.steps.map(({ step, detail }) => [step, detail]),
    [['ready', null]],
  )
})

test('noteDeath: the start is over, so that it does not go as well', () => {
  const begun = followSteps(new Map(), [ready], rule)
  const death = {
    id: '1',
    epoch: 1,
    version: 2,
    label: 'b',
    reason: 'exited with code 1',
    isKill: false,
    earlyDeaths: 1,
  }
  const dead = noteDeath(begun.seen, death)
  assert.deepEqual(
    dead.steps.map(({ step, detail }) => [step, detail]),
    [['died', 'exited with code 1']],
  )
  assert.deepEqual(followSteps(dead.seen, [{ ...ready, state: 'backoff' }], rule).steps, [])
  const again = followSteps(dead.seen, [{ ...one, epoch: 2 }], rule).steps
  assert.deepEqual(
    again.map(({ epoch, step }) => `${epoch} ${step}`),
    ['2 starting'],
  )
})
