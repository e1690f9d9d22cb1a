// Where an expression of a module that is rewritten stands.
import type { Scope } from './scopes.ts'
import type { Read } from './site.ts'
import type { Node } from './syntax.ts'

/** Whose code it is, and what it will be called. */
export interface Place {
  readonly scope: Scope
  /** The function around; undefined: the module's own code. */
  readonly fn: FunctionPlace | undefined
  /** The class around, with its fields. */
  readonly owner: ClassPlace | undefined
}

export interface FunctionPlace {
  readonly node: Node
  readonly reads: Map<string, Read>
}

export interface ClassPlace {
  readonly name: string
  /** Places of the fields' declarations, as sites tell them. */
  readonly fields: ReadonlyMap<string, number>
}
