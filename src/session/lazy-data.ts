// Session data whose fields are parsed when they are first read. Most requests read one field of many, and parsing and
// writing the rest again to see that nothing changed was the larger part of what a session cost (bench: sessions, read).
import { inspect } from 'node:util'
import type { InspectOptions } from 'node:util'

/** What stands behind one data object. */
interface Source {
  readonly texts: ReadonlyMap<string, string>
  readonly parse: (name: string, text: string) => unknown
  readonly values: Map<string, unknown>
}

interface Accessor extends PropertyDescriptor {
  readonly get: (this: LazyData) => unknown
}

/** Where a data object keeps its source, seen by nobody: no enumeration, clone or JSON takes it along. */
const sourceKey: unique symbol = Symbol('source')

interface LazyData {
  readonly [sourceKey]?: Source
}

/** Accessors are shared by all sessions: making new ones for each field of each request would cost three times as much. */
const accessors: Map<string, Accessor> = new Map()

/** Apps may name fields after anything; beyond this many names their accessors are made anew. */
const mostSharedAccessors = 1_000

/** For console.log, which would show accessors in place of values. */
const inspection: PropertyDescriptor = {
  value: function show(this: object, _depth: number, options: InspectOptions): string {
    return inspect({ ...this }, options)
  },
}

/**
 * Gives `data` each name of `texts` as a property; `parse` makes a value when it is first read, and may throw. To an app
 * the properties are plain: they may be set, deleted, enumerated, cloned and frozen.
 */
export function defineLazily(data: object, texts: Source['texts'], parse: Source['parse']): void {
  const source: Source = { texts, parse, values: new Map() }
  Object.defineProperty(data, sourceKey, { value: source })
  for (const name of texts.keys()) Object.defineProperty(data, name, accessorOf(name))
  Object.defineProperty(data, inspect.custom, inspection)
}

/** The text of a field that nobody has read, set or replaced, so that its value is what it was; else undefined. */
export function unreadText(data: LazyData, name: string): string | undefined {
  const source = data[sourceKey]
  if (source === undefined || source.values.has(name)) return undefined
  const property: { readonly get?: unknown } | undefined = Object.getOwnPropertyDescriptor(data, name)
  return property?.get !== undefined && property.get === accessors.get(name)?.get
    ? source.texts.get(name)
    : undefined
}

function accessorOf(name: string): Accessor {
  const shared = accessors.get(name)
  if (shared !== undefined) return shared
  const accessor = makeAccessor(name)
  if (accessors.size < mostSharedAccessors) accessors.set(name, accessor)
  return accessor
}

function makeAccessor(name: string): Accessor {
  return {
    configurable: true,
    enumerable: true,
    get(this: LazyData): unknown {
      return this[sourceKey] === undefined ? undefined : read(this[sourceKey], name)
    },
    set(this: object, value: unknown): void {
      Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value })
    },
  }
}

function read({ values, texts, parse }: Source, name: string): unknown {
  if (!values.has(name)) {
    const text = texts.get(name)
    values.set(name, text === undefined ? undefined : parse(name, text))
  }
  return values.get(name)
}
