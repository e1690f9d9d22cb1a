// Which named thing of the app holds an object: where it was born, or, for what has no name of its own, the way to it from a name that has.
import { IncomingMessage, OutgoingMessage } from 'node:http'
import { Socket } from 'node:net'
import { types } from 'node:util'
import { Stream } from 'node:stream'
import type { Place } from './event.ts'

/** A name that outlives requests. */
export interface Holder {
  readonly name: string
  readonly declaredAt: Place
  readonly package: string | undefined
}

export interface Birth extends Holder {
  /** The request in which it was born, as `AppEvent.request`. */
  readonly request: number
}

/** A variable of a module, asked when it matters. */
export interface Root {
  readonly holder: Holder
  readonly value: () => unknown
}

const maxVisited = 30_000
const maxDepth = 9
const maxBirths = 20_000

export class Owners {
  readonly #births = new WeakMap<object, Birth>()
  readonly #fields = new WeakMap<object, Map<string, Holder>>()
  /** Named at boot: closures and services that no variable of a module leads to. */
  readonly #early: { readonly ref: WeakRef<object>; readonly holder: Holder }[] = []
  readonly #roots: Root[] = []

  addRoot(root: Root): void {
    this.#roots.push(root)
  }

  /** The first name stays. */
  born(value: object, birth: Birth): void {
    if (this.#births.has(value)) return
    this.#births.set(value, birth)
    if (birth.request === 0 && this.#early.length < maxBirths)
      this.#early.push({ ref: new WeakRef(value), holder: birth })
  }

  birthOf(value: object): Birth | undefined {
    return this.#births.get(value)
  }

  /** Where a property was first written, if that was before any request. */
  fieldBorn(object: object, property: string, holder: Holder): void {
    const fields = this.#fields.get(object) ?? new Map<string, Holder>()
    this.#fields.set(object, fields)
    if (!fields.has(property)) fields.set(property, holder)
  }

  fieldOf(object: object, property: string): Holder | undefined {
    return this.#fields.get(object)?.get(property)
  }

  /** The holders of those objects that a name leads to; the nearest name that existed before any request. */
  find(wanted: ReadonlySet<object>): ReadonlyMap<object, Holder> {
    const found = new Map<object, Holder>()
    const seen = new Set<object>()
    let level = this.#start()
    for (let depth = 0; depth < maxDepth && level.length > 0 && found.size < wanted.size; depth += 1) {
      const next: (readonly [object, Holder])[] = []
      for (const [object, holder] of level) {
        if (seen.has(object)) continue
        if (seen.size >= maxVisited) return found
        seen.add(object)
        if (wanted.has(object)) found.set(object, holder)
        for (const inner of referencedBy(object)) next.push([inner, this.#nearest(inner, holder)])
      }
      level = next
    }
    return found
  }

  /** Containers first: what hangs on an application or a server hangs on too much. */
  #start(): (readonly [object, Holder])[] {
    const values = this.#roots.flatMap(({ holder, value }): (readonly [object, Holder])[] => {
      try {
        const object = value()
        return isObject(object) ? [[object, this.#nearest(object, holder)]] : []
      } catch {
        // Not initialised yet.
        return []
      }
    })
    const early = this.#early.flatMap(({ ref, holder }): (readonly [object, Holder])[] => {
      const object = ref.deref()
      return object === undefined ? [] : [[object, holder]]
    })
    return [...values, ...early].toSorted(
      ([a], [b]) => Number(typeof a === 'function') - Number(typeof b === 'function'),
    )
  }

  #nearest(object: object, holder: Holder): Holder {
    const birth = this.#births.get(object)
    return birth?.request === 0 && birth.package === undefined ? birth : holder
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** What an object refers to, without running any code of the app. */
function referencedBy(object: object): readonly object[] {
  if (types.isProxy(object) || ArrayBuffer.isView(object) || isPlumbing(object)) return []
  if (object instanceof Map) return [...object.keys(), ...object.values()].filter(isObject)
  if (object instanceof Set) return [...object].filter(isObject)
  const found: object[] = []
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    // Of the call that goes on right now: a function keeps nothing there.
    if (typeof object === 'function' && (name === 'arguments' || name === 'caller')) continue
    const value: unknown = descriptor.value
    if (isObject(value) && !isBuiltinFunction(value)) found.push(value)
  }
  return found
}

/** Sockets and requests lead to everything that is being answered. */
function isPlumbing(object: object): boolean {
  return (
    object instanceof Stream ||
    object instanceof IncomingMessage ||
    object instanceof OutgoingMessage ||
    object instanceof Socket
  )
}

const ownOfFunctions = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])

/** Methods hold nothing, unless something was put on them. */
function isBuiltinFunction(value: object): boolean {
  if (typeof value !== 'function') return false
  return Object.getOwnPropertyNames(value).every((name) => ownOfFunctions.has(name))
}
