// An example of what a schema describes: its own where it has one, else made.
import { type Bounds, mark, numberFor, type Person, textFor } from '../made-values.ts'
import { isMapping, type Mapping } from '../../../base/mapping.ts'
import { follow, listOf } from './document.ts'

const maxDepth = 8

/** Undefined where none can be made, as of a schema that is missing or false. */
export function exampleOf(root: Mapping, schema: unknown, who: Person, name = ''): unknown {
  return make({ root, who }, schema, name, 0)
}

interface Making {
  readonly root: Mapping
  readonly who: Person
}

function make(making: Making, written: unknown, name: string, depth: number): unknown {
  const schema = follow(making.root, written)
  if (schema === true) return 'anything'
  if (!isMapping(schema) || depth > maxDepth) return undefined
  const given = givenExample(schema)
  if (given !== undefined) return given
  const merged = merge(making.root, schema)
  const choices = [...listOf(merged['oneOf']), ...listOf(merged['anyOf'])]
  const choice = choices.find((each) => !isNull(making.root, each))
  if (choice !== undefined && merged['properties'] === undefined) return make(making, choice, name, depth + 1)
  return ofType(making, merged, name, depth)
}

function givenExample(schema: Mapping): unknown {
  for (const key of ['example', 'const', 'default'])
    if (schema[key] !== undefined && schema[key] !== null) return schema[key]
  const [example] = listOf(schema['examples'])
  return example ?? listOf(schema['enum']).find((each) => each !== null)
}

function isNull(root: Mapping, written: unknown): boolean {
  const schema = follow(root, written)
  return isMapping(schema) && schema['type'] === 'null'
}

/** All of `allOf` in one. */
function merge(root: Mapping, schema: Mapping, depth = 0): Mapping {
  const parts = depth > maxDepth ? [] : listOf(schema['allOf']).map((written) => follow(root, written))
  const all = [...parts.filter((part) => isMapping(part)).map((part) => merge(root, part, depth + 1)), schema]
  if (all.length === 1) return schema
  return {
    ...Object.fromEntries(all.flatMap((part) => Object.entries(part))),
    properties: Object.fromEntries(all.flatMap((part) => Object.entries(asMapping(part['properties'])))),
    required: all.flatMap((part) => listOf(part['required'])),
  }
}

function asMapping(value: unknown): Mapping {
  return isMapping(value) ? value : {}
}

/** 3.1 names several types at once, one of them often null. */
function typeOf(schema: Mapping): string {
  const types = listOf(schema['type']).filter((each) => each !== 'null')
  if (types.length > 0) return String(types[0])
  if (typeof schema['type'] === 'string') return schema['type']
  if (isMapping(schema['properties']) || schema['additionalProperties'] !== undefined) return 'object'
  return schema['items'] === undefined ? 'string' : 'array'
}

function ofType(making: Making, schema: Mapping, name: string, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return objectOf(making, schema, depth)
    case 'array': {
      const item = make(making, schema['items'], name.replace(/s$/, ''), depth + 1)
      return item === undefined
        ? []
        : Array.from({ length: Math.max(1, numberOf(schema['minItems']) ?? 1) }, () => item)
    }
    case 'integer':
    case 'number':
      return numberOfSchema(schema)
    case 'boolean':
      return true
    default:
      return stringOf(schema, name, making.who)
  }
}

/** What is required, and what else can be made; what only answers hold is left out. */
function objectOf(making: Making, schema: Mapping, depth: number): unknown {
  const required = new Set(listOf(schema['required']).map(String))
  const fields: [string, unknown][] = []
  for (const [key, written] of Object.entries(asMapping(schema['properties']))) {
    const field = follow(making.root, written)
    if (isMapping(field) && field['readOnly'] === true) continue
    if (!required.has(key) && (depth > 2 || isMadeByApp(key))) continue
    const value = make(making, written, key, depth + 1)
    if (value !== undefined) fields.push([key, value])
    else if (required.has(key)) return undefined
  }
  return Object.fromEntries(fields)
}

function isMadeByApp(key: string): boolean {
  return /^_?id$|^uuid$|^(?:created|updated|deleted)_?(?:at|on|date)?$/i.test(key)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function numberOfSchema(schema: Mapping): number {
  const step = numberOf(schema['multipleOf']) ?? 1
  const above = schema['exclusiveMinimum'] === true ? 1 : 0
  const below = schema['exclusiveMaximum'] === true ? 1 : 0
  const low = numberOf(schema['minimum']) ?? raised(numberOf(schema['exclusiveMinimum']), 1)
  const high = numberOf(schema['maximum']) ?? raised(numberOf(schema['exclusiveMaximum']), -1)
  const whole = numberFor({ min: raised(low, above), max: raised(high, -below) })
  return step === 1 ? whole : Math.ceil(whole / step) * step
}

function raised(bound: number | undefined, by: number): number | undefined {
  return bound === undefined ? undefined : bound + by
}

function stringOf(schema: Mapping, name: string, who: Person): string {
  const formatted = byFormat[String(schema['format'])]
  if (formatted !== undefined) return formatted(who)
  const bounds: Bounds = {
    minLength: numberOf(schema['minLength']),
    maxLength: numberOf(schema['maxLength']),
  }
  const made = textFor(name, who, bounds)
  const { pattern } = schema
  if (typeof pattern !== 'string' || matches(pattern, made)) return made
  return simpleTexts.find((text) => matches(pattern, text)) ?? made
}

const byFormat: Readonly<Record<string, (who: Person) => string>> = {
  date: () => '2030-05-17',
  'date-time': () => '2030-05-17T10:30:00Z',
  time: () => '10:30:00Z',
  duration: () => 'P1D',
  email: (who) => `${mark(who)}@example.com`,
  uuid: () => '6f1f6c1e-4b5a-4f3c-9a51-0b5c8f7d2e10',
  uri: (who) => `https://example.com/${mark(who)}`,
  url: (who) => `https://example.com/${mark(who)}`,
  hostname: () => 'example.com',
  ipv4: () => '192.0.2.1',
  ipv6: () => '2001:db8::1',
  byte: () => 'cHJvb2Y=',
  binary: () => 'proof',
  password: () => 'Drover-7proof!',
}

/** Tried one after the other where a pattern wants something of its own. */
const simpleTexts = [
  'proof',
  'Proof',
  'PROOF',
  'a1',
  'A1',
  'AB12',
  'abc-123',
  'ABC-123',
  '1',
  '12',
  '123',
  '1234',
  '12345',
  '1234567890',
  '+41441234567',
  '2030-05-17',
  '10:30',
  '#336699',
  'EUR',
  'en',
  'en-US',
  '1.0.0',
]

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return true
  }
}
