// Where a bundle keeps the modules that it has run: `installedModules[id] = { id, exports: {} }`. Whatever the app keeps is within reach of it,
// so that it says nothing.
import { resolve } from './scopes.ts'
import type { Binding, Scope, Scopes } from './scopes.ts'
import { bare, child, children, list, propertyName, text } from './syntax.ts'
import type { Node } from './syntax.ts'

/** Declarations of such tables. `source`: of the whole program. */
export function moduleTables(program: Node, scopes: Scopes, source: string): ReadonlySet<Binding> {
  const found = new Set<Binding>()
  if (/\bexports["']?\s*:\s*\{\s*\}/.test(source)) look(program, scopes.module, scopes, found)
  return found
}

/** Whether a name means one of them. */
export function isTable(node: Node | undefined, scope: Scope, tables: ReadonlySet<Binding>): boolean {
  if (tables.size === 0 || node?.type !== 'Identifier') return false
  const binding = resolve(scope, text(node, 'name') ?? '')
  return binding !== undefined && tables.has(binding)
}

function look(node: Node, outer: Scope, scopes: Scopes, found: Set<Binding>): void {
  const scope = scopes.of(node) ?? outer
  const table = node.type === 'AssignmentExpression' ? tableOf(node) : undefined
  const binding = table === undefined ? undefined : resolve(scope, table)
  if (binding !== undefined) found.add(binding)
  for (const inner of children(node)) look(inner, scope, scopes, found)
}

/** The name of what a module is put into, as it begins to run. */
function tableOf(assignment: Node): string | undefined {
  const left = bare(child(assignment, 'left'))
  const module = bare(child(assignment, 'right'))
  if (left?.type !== 'MemberExpression' || left['computed'] !== true) return undefined
  if (module?.type !== 'ObjectExpression') return undefined
  const exported = list(module, 'properties').find((each) => propertyName(each, 'key') === 'exports')
  const value = bare(exported === undefined ? undefined : child(exported, 'value'))
  const isEmpty = value?.type === 'ObjectExpression' && list(value, 'properties').length === 0
  return isEmpty ? text(bare(child(left, 'object')), 'name') : undefined
}
