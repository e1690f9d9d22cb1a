// Shapes of code that the rewriting asks about.
import type { Binding } from './scopes.ts'
import { globalName } from './site.ts'
import { bare, child, propertyName, text } from './syntax.ts'
import type { Node } from './syntax.ts'

/** Methods that change what they are called on: of the built-in containers, and of the caches that apps use. */
export const changing: ReadonlySet<string> = new Set(
  (
    'set add delete clear push pop shift unshift splice sort reverse fill copyWithin next ' +
    'put del mset take flushAll remove save append enqueue update insert removeItem setItem write'
  ).split(' '),
)

/** Packages whose module is itself the store. */
export const singletons: ReadonlySet<string> = new Set(['memory-cache', 'nano-cache', 'global-cache'])

/** Statements that a line break may end. */
export const endedByLineBreak: ReadonlySet<string> = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'ThrowStatement',
  'DoWhileStatement',
  'ExportDefaultDeclaration',
  'PropertyDefinition',
])

/** The variable that holds which request called a function. */
export function stampOf(fn: Node): string {
  return `${globalName}s${fn.start}`
}

/** Whether it is worth telling that a function reads it. */
export function mayChange({ kind }: Binding): boolean {
  return kind === 'import' || kind === 'variable' || kind === 'constant'
}

/** An expression that makes something that can be changed later. */
export function isContainer(node: Node | undefined): boolean {
  if (node === undefined) return false
  if (node.type === 'LogicalExpression') return isContainer(bare(child(node, 'right')))
  if (node.type === 'ConditionalExpression')
    return isContainer(bare(child(node, 'consequent'))) && isContainer(bare(child(node, 'alternate')))
  if (node.type === 'ObjectExpression' || node.type === 'ArrayExpression' || node.type === 'NewExpression')
    return true
  if (node.type !== 'CallExpression') return false
  const callee = child(node, 'callee')
  const name = callee === undefined ? undefined : propertyName(callee)
  const isObjects = ['Object', 'Array'].includes(text(child(callee ?? node, 'object'), 'name') ?? '')
  return isObjects && ['create', 'from', 'of', 'fromEntries', 'assign'].includes(name ?? '')
}

/** Object.assign and its like: what they change is their first argument. */
export function isObjectChange(callee: Node, method: string | undefined): boolean {
  const object = text(child(callee, 'object'), 'name')
  if (object === 'Reflect')
    return method === 'set' || method === 'deleteProperty' || method === 'defineProperty'
  return (
    object === 'Object' && (method === 'assign' || method === 'defineProperty' || method === 'setPrototypeOf')
  )
}

/** Whether `a?.b` is somewhere in it: wrapped, it would not be skipped any more. */
export function isOptional(node: Node): boolean {
  if (node['optional'] === true && node.type !== 'Identifier') return true
  const next = child(node, 'object') ?? child(node, 'callee')
  return next !== undefined && isOptional(next)
}

/** The name that a chain of calls begins with: `db` of `db.get('posts').push`. */
export function chainStart(callee: Node): Node | undefined {
  let at = bare(child(callee, 'object'))
  if (at?.type !== 'CallExpression') return undefined
  while (at?.type === 'CallExpression' || at?.type === 'MemberExpression')
    at = bare(child(at, at.type === 'CallExpression' ? 'callee' : 'object'))
  return at?.type === 'Identifier' ? at : undefined
}
