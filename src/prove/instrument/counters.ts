// Packages that are one store or one counter for the whole process.
import type { Places } from './places.ts'
import { memberRoot, resolve } from './scopes.ts'
import type { Binding, Scope } from './scopes.ts'
import { singletons } from './shapes.ts'
import type { Site } from './site.ts'
import { bare, list, propertyName, text } from './syntax.ts'
import type { Node } from './syntax.ts'

const counting =
  /^(?:lodash|lodash-es|underscore|lodash\.uniqueid|(?:lodash(?:-es)?|underscore)\/.*uniqueId(?:\.c?js)?)$/

export interface Counter {
  /** The name that leads to it. */
  readonly root: Node
  readonly binding: Binding
  readonly from: string
}

/** `_.uniqueId`, `uniqueId`, and as compilers write it, `(0, lodash_1.uniqueId)`. */
export function counterIn(callee: Node | undefined, scope: Scope): Counter | undefined {
  const inner = bare(callee)
  const called = inner?.type === 'SequenceExpression' ? list(inner, 'expressions').at(-1) : inner
  const root = memberRoot(called)
  const name = text(root, 'name')
  const binding = name === undefined ? undefined : resolve(scope, name)
  const from = binding?.from
  if (called === undefined || root === undefined || binding === undefined || from === undefined)
    return undefined
  const isMeant = (called === root ? name : propertyName(called)) === 'uniqueId' || /uniqueid/i.test(from)
  return counting.test(from) && isMeant ? { root, binding, from } : undefined
}

/** A package that is itself a store, and where it is required. */
export function singletonIn(object: Node, scope: Scope, places: Places): Pick<Site, 'k' | 'd'> {
  const binding = object.type === 'Identifier' ? resolve(scope, text(object, 'name') ?? '') : undefined
  if (binding?.from === undefined || !singletons.has(binding.from)) return {}
  return { k: binding.from, d: places.at(binding.start) }
}
