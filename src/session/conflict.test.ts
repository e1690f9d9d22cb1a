import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../base/errors.ts'
import { draftOf, mergeSets, readRules, rebase } from './conflict.ts'
import type { ConflictRule } from './conflict.ts'
import type { FieldTexts } from './fields.ts'

const longest: ConflictRule<string> = {
  merge: ({ mine = '', theirs = '' }) => (mine.length > theirs.length ? mine : theirs),
}
const ruleOf = readRules({
  visits: 'counter',
  tags: 'set',
  name: longest,
  seat: { lease: '2s' },
  theme: 'last-write',
})

function texts(fields: Readonly<Record<string, unknown>>): FieldTexts {
  return new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]))
}

test('readRules refuses what is no rule, naming the field', () => {
  for (const rule of ['sum', 7, {}, { merge: 'me' }, { lease: 'soon' }, null]) {
    assert.throws(
      () => readRules({ visits: rule }),
      (error) => isDroverError(error, 'OPTION_INVALID') && /conflicts\.visits/.test(error.message),
      JSON.stringify(rule),
    )
  }
  assert.throws(() => readRules('counter'), /Cannot use conflicts of type string/)
})

test('draftOf sends a counter as what was added, and everything else as it is', () => {
  const base = texts({ visits: 5, theme: 'dark', tags: ['a'], gone: 1 })
  const draft = draftOf(base, texts({ visits: 7, theme: 'light', tags: ['a', 'b'] }), ruleOf, true)
  assert.deepEqual(draft, {
    set: texts({ theme: 'light', tags: ['a', 'b'] }),
    remove: new Set(['gone']),
    add: new Map([['visits', 2]]),
    expected: new Set(['tags']),
  })
})

test('draftOf compares a counter that the store cannot read', () => {
  const draft = draftOf(texts({ visits: 5 }), texts({ visits: 7 }), ruleOf, false)
  assert.deepEqual(
    [draft.set, draft.add, draft.expected],
    [texts({ visits: 7 }), new Map(), new Set(['visits'])],
  )
})

test('draftOf begins a counter at nothing, and overwrites what is no number', () => {
  assert.deepEqual(draftOf(texts({}), texts({ visits: -3 }), ruleOf, true).add, new Map([['visits', -3]]))
  assert.deepEqual(
    draftOf(texts({ visits: 'x' }), texts({ visits: 1 }), ruleOf, true).set,
    texts({ visits: 1 }),
  )
})

test('draftOf refuses a counter that is no whole number, and a leased field changed without its lease', () => {
  for (const visits of [0.5, '1', null, 2 ** 53]) {
    assert.throws(() => draftOf(texts({}), texts({ visits }), ruleOf, true), {
      code: 'SESSION_VALUE_INVALID',
    })
  }
  assert.throws(
    () => draftOf(texts({}), texts({ seat: 1 }), ruleOf, true),
    /wanted session\.update\("seat", …\)/,
  )
  assert.throws(() => draftOf(texts({ seat: 1 }), texts({}), ruleOf, true), { code: 'SESSION_VALUE_INVALID' })
})

test('mergeSets keeps what either side added and drops what either side removed', () => {
  const merged = mergeSets({
    base: ['a', 'b', { c: 1 }],
    mine: ['a', { c: 1 }, 'd'],
    theirs: ['b', 'a', 'e'],
  })
  assert.deepEqual(merged, ['a', 'e', 'd'])
  assert.deepEqual(mergeSets({ base: undefined, mine: [1], theirs: undefined }), [1])
})

const mine = {
  'a field only I changed': [{ theme: 'dark' }, { theme: 'light' }, { theme: 'dark' }, { theme: 'light' }],
  'a field only they changed': [{ theme: 'dark' }, { theme: 'dark' }, { theme: 'light' }, { theme: 'light' }],
  'a last-write field both changed': [{ theme: 'a' }, { theme: 'b' }, { theme: 'c' }, { theme: 'b' }],
  'a counter both added to': [{ visits: 5 }, { visits: 7 }, { visits: 15 }, { visits: 17 }],
  'a counter I removed': [{ visits: 5 }, {}, { visits: 6 }, {}],
  'a set both added to': [{ tags: [1] }, { tags: [1, 2] }, { tags: [1, 3] }, { tags: [1, 3, 2] }],
  'a merged field': [{ name: '' }, { name: 'long' }, { name: 'longer' }, { name: 'longer' }],
  'a merged field they removed': [{ name: 'a' }, { name: 'ab' }, {}, { name: 'ab' }],
  'fields both added': [{}, { one: 1 }, { two: 2 }, { two: 2, one: 1 }],
  'a field they removed and I left alone': [{ theme: 'a' }, { theme: 'a' }, {}, {}],
} as const

for (const [what, [before, now, other, wanted]] of Object.entries(mine)) {
  test(`rebase: ${what}`, () => {
    const { texts: rebased, yielded } = rebase(texts(before), texts(now), texts(other), ruleOf)
    assert.deepEqual(rebased, texts(wanted))
    assert.deepEqual(yielded, [])
  })
}

test("rebase yields Drover's own exact fields to whoever was first, and keeps them where nobody was", () => {
  const once = { 'drover:once:x': 1 }
  const first = rebase(texts({}), texts({ ...once, theme: 'b' }), texts({ 'drover:once:x': 2 }), ruleOf)
  assert.deepEqual(first, { texts: texts({ 'drover:once:x': 2, theme: 'b' }), yielded: ['drover:once:x'] })
  const alone = rebase(texts({}), texts(once), texts({ theme: 'c' }), ruleOf)
  assert.deepEqual(alone, { texts: texts({ theme: 'c', ...once }), yielded: [] })
})
