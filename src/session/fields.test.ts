import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { isDroverError } from '../base/errors.ts'
import { draftOf, isEmptyDraft, readRules } from './conflict.ts'
import { checkSize, isChanged, readFields, writeFields } from './fields.ts'

const none = new Map<string, string>()

test('readFields gives a plain object whose names are all equal, __proto__ too', () => {
  const data = readFields<Record<string, unknown>>(
    new Map([
      ['__proto__', '{"admin":true}'],
      ['constructor', '1'],
    ]),
  )
  assert.equal(Object.getPrototypeOf(data), null)
  assert.equal(data['admin'], undefined)
  assert.deepEqual(Object.keys(data), ['__proto__', 'constructor'])
  assert.deepEqual(
    [...writeFields(data, none)],
    [
      ['__proto__', '{"admin":true}'],
      ['constructor', '1'],
    ],
  )
})

test('assigning __proto__ to data makes a field and changes nothing that is inherited', () => {
  const data = readFields<Record<string, unknown>>(none)
  data['__proto__'] = { admin: true }
  assert.equal(data['admin'], undefined)
  assert.deepEqual([...writeFields(data, none)], [['__proto__', '{"admin":true}']])
})

test('readFields takes damaged text for an outage, never for an empty session, whenever it is read', () => {
  const texts = new Map([
    ['cart', '{oops'],
    ['theme', '"dark"'],
  ])
  const data = readFields<Record<string, unknown>>(texts)
  for (const read of [
    () => data['cart'],
    () => data['cart'],
    () => ({ ...data }),
    () => JSON.stringify(data),
  ]) {
    assert.throws(
      read,
      (error) => isDroverError(error, 'STORE_UNAVAILABLE') && error.cause instanceof SyntaxError,
    )
  }
  assert.equal(data['theme'], 'dark')
  assert.deepEqual(writeFields(data, texts), texts)
})

test('readFields gives what an app may treat as a plain object', () => {
  const texts = new Map([
    ['cart', '{"items":[1]}'],
    ['theme', '"dark"'],
  ])
  const plain = { cart: { items: [1] }, theme: 'dark' }
  const fresh = () => readFields<Record<string, unknown>>(texts)
  assert.deepEqual(Object.keys(fresh()), ['cart', 'theme'])
  assert.deepEqual({ ...fresh() }, plain)
  assert.deepEqual(structuredClone(fresh()), plain)
  assert.equal(JSON.stringify(fresh()), JSON.stringify(plain))
  assert.equal(inspect(fresh()), inspect(plain))
  const heir: Record<string, unknown> = Object.create(fresh())
  assert.equal(heir['theme'], 'dark')
  heir['theme'] = 'light'
  assert.deepEqual(Object.keys(heir), ['theme'])
})

test('changes are seen however they are made: inside a frozen object, by deleting and setting, by redefining', () => {
  const texts = new Map([['cart', '{"items":[1]}']])
  const changes: ((data: { cart?: { items: number[] } }) => unknown)[] = [
    (data) => Object.freeze(data).cart?.items.push(2),
    (data) => {
      delete data.cart
      data.cart = { items: [1, 2] }
    },
    (data) => Object.defineProperty(data, 'cart', { value: { items: [1, 2] } }),
    (data) => Object.assign(data, { cart: { items: [1, 2] } }),
  ]
  for (const change of changes) {
    const data = readFields<{ cart: { items: number[] } }>(texts)
    assert.equal(isChanged(data, texts), false)
    change(data)
    assert.equal(isChanged(data, texts), true)
    assert.deepEqual([...writeFields(data, texts)], [['cart', '{"items":[1,2]}']])
  }
})

test('writeFields leaves out undefined, and names the field that JSON cannot carry', () => {
  assert.deepEqual([...writeFields({ a: undefined, b: null }, none)], [['b', 'null']])
  const circular: { self?: unknown } = {}
  circular.self = circular
  for (const stray of [() => 1, 1n, Symbol('x'), circular, { n: 1n }, new Date(0), [Number.NaN]]) {
    assert.throws(
      () => writeFields({ fine: 1, broken: stray }, none),
      (error) => isDroverError(error, 'SESSION_VALUE_INVALID') && error.message.includes('"broken"'),
    )
  }
})

test('checkSize counts bytes of names and texts, and names the largest field', () => {
  const texts = new Map([
    ['é', '"x"'],
    ['big', '"four"'],
  ])
  assert.doesNotThrow(() => {
    checkSize(texts, 14)
  })
  assert.throws(
    () => {
      checkSize(texts, 13)
    },
    (error) => isDroverError(error, 'SESSION_TOO_LARGE') && /14 bytes.*at most 13.*"big"/.test(error.message),
  )
})

type Mutation = (data: Record<string, unknown>) => void

const fieldName = fc.constantFrom('cart', 'theme', 'seen', '__proto__', 'constructor', 'toString', '')
const jsonValue = fc
  .jsonValue({ noUnicodeString: false })
  .filter((value) => !JSON.stringify(value).includes('-0'))
const nested = fc.record({ list: fc.array(jsonValue), map: fc.dictionary(fc.string(), jsonValue) })
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fieldName, fc.oneof(jsonValue, nested)).map(([name, value]) => (data: Record<string, unknown>) => {
    data[name] = value
  }),
  fieldName.map((name) => (data: Record<string, unknown>) => {
    Reflect.deleteProperty(data, name)
  }),
  fieldName.map((name) => (data: Record<string, unknown>) => {
    data[name] = undefined
  }),
  fc.tuple(fieldName, jsonValue).map(([name, value]) => (data: Record<string, unknown>) => {
    mutateInside(data[name], value)
  }),
)

function mutateInside(field: unknown, value: unknown): void {
  if (Array.isArray(field)) field.push(structuredClone(value))
  else if (typeof field === 'object' && field !== null)
    Object.assign(field, { inner: structuredClone(value) })
}

test('any mutations: what is written, read back, is the data in memory; and only differing fields are written', () => {
  const property = fc.property(fc.array(mutation), fc.array(mutation), (before, later) => {
    const data = readFields<Record<string, unknown>>(none)
    for (const mutate of before) mutate(data)
    const saved = writeFields(data, none)

    const held = readFields<Record<string, unknown>>(saved)
    const copy = new Map(Object.entries(readFields<Record<string, unknown>>(saved)))
    for (const mutate of later) mutate(held)
    const foreseen = isChanged(held, saved)
    const texts = writeFields(held, saved)
    const change = draftOf(saved, texts, readRules(undefined), true)
    assert.equal(foreseen, !isEmptyDraft(change))

    const rest = new Map([...saved, ...change.set])
    for (const name of change.remove) rest.delete(name)
    const defined = Object.entries(held).filter(([, value]) => value !== undefined)
    assert.deepEqual(
      new Map(Object.entries(readFields<Record<string, unknown>>(rest))),
      new Map(defined.map(([name, value]) => [name, JSON.parse(JSON.stringify(value))])),
    )
    for (const [name, text] of change.set) assert.notEqual(text, JSON.stringify(copy.get(name)), name)
    for (const name of change.remove) assert.equal(held[name], undefined)
  })
  fc.assert(property, { numRuns: 300 })
})

test('writeFields refuses a field name with half a surrogate pair, which stores cannot tell from another', () => {
  assert.throws(() => writeFields({ '\ud800': 1 }, none), { code: 'SESSION_VALUE_INVALID' })
  assert.equal(writeFields({ '\u{1f404}': 1 }, none).size, 1)
})
