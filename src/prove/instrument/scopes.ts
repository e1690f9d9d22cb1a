// Which declaration a name means. Built once for a file, before it is rewritten.
import { bare, child, children, isFunction, isTypeOnly, list, propertyName, text } from './syntax.ts'
import type { Node } from './syntax.ts'

export interface Binding {
  readonly name: string
  readonly kind: 'variable' | 'constant' | 'parameter' | 'function' | 'class' | 'import'
  readonly scope: Scope
  /** Offset of the name where it is declared. */
  readonly start: number
  readonly init: Node | undefined
  /** Package, built-in or path it comes from, when it is imported or required. */
  readonly from: string | undefined
}

export interface Scope {
  readonly parent: Scope | undefined
  /** The function it belongs to; undefined: the module itself. */
  readonly owner: Node | undefined
  readonly bindings: Map<string, Binding>
}

export interface Scopes {
  readonly module: Scope
  /** The scope that a node opens, if it opens one. */
  of(node: Node): Scope | undefined
}

export function resolve(scope: Scope, name: string): Binding | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const binding = at.bindings.get(name)
    if (binding !== undefined) return binding
  }
  return undefined
}

/** The specifier of `require('x')`, `import('x')`, and of what is called or read on it. */
export function requiredFrom(node: Node | undefined): string | undefined {
  const inner = bare(node)
  if (inner === undefined) return undefined
  if (inner.type === 'AwaitExpression') return requiredFrom(child(inner, 'argument'))
  if (inner.type === 'MemberExpression') return requiredFrom(child(inner, 'object'))
  if (inner.type === 'ImportExpression') return literal(child(inner, 'source'))
  if (inner.type !== 'CallExpression') return undefined
  const callee = bare(child(inner, 'callee'))
  if (callee?.type === 'Identifier') {
    const name = text(callee, 'name')
    if (name === 'require') return literal(list(inner, 'arguments')[0])
    // The compiler's own wrappers: __importDefault(require('x')).
    return name?.startsWith('__import') === true ? requiredFrom(list(inner, 'arguments')[0]) : undefined
  }
  // A setting of the package, such as require('sqlite3').verbose(); what a factory makes is no package.
  const isSetting = callee?.type === 'MemberExpression' && propertyName(callee) === 'verbose'
  return isSetting ? requiredFrom(child(callee, 'object')) : undefined
}

/** What a file of data holds is the app's own, as if it stood there. */
function literal(node: Node | undefined): string | undefined {
  const specifier = text(node, 'value')
  return specifier !== undefined && isData(specifier) ? undefined : specifier
}

function isData(specifier: string): boolean {
  return /^[./].*\.json$/.test(specifier)
}

/** The package or built-in module whose function or class is called. */
export function packageOf(call: Node | undefined, scope: Scope): string | undefined {
  if (call?.type !== 'CallExpression' && call?.type !== 'NewExpression') return undefined
  const at = memberRoot(child(call, 'callee'))
  const from = at?.type === 'CallExpression' ? requiredFrom(at) : packageNamed(at, scope)
  return from === undefined || /^[./]/.test(from) ? undefined : from
}

/** `apicache` of `const cache = apicache.middleware` too. */
function packageNamed(node: Node | undefined, scope: Scope): string | undefined {
  const name = node?.type === 'Identifier' ? text(node, 'name') : undefined
  const binding = name === undefined ? undefined : resolve(scope, name)
  const init = bare(binding?.init)
  if (binding === undefined || binding.from !== undefined || init?.type !== 'MemberExpression')
    return binding?.from
  const root = text(memberRoot(init), 'name')
  return root === undefined ? undefined : resolve(binding.scope, root)?.from
}

/** The object that a chain of members begins with. */
export function memberRoot(node: Node | undefined): Node | undefined {
  const at = bare(node)
  return at?.type === 'MemberExpression' ? memberRoot(child(at, 'object')) : at
}

/** The identifiers that a pattern declares or assigns. */
export function patternNames(pattern: Node | undefined): readonly Node[] {
  if (pattern === undefined) return []
  switch (pattern.type) {
    case 'Identifier':
      return [pattern]
    case 'ObjectPattern':
      return list(pattern, 'properties').flatMap((property) =>
        patternNames(child(property, property.type === 'RestElement' ? 'argument' : 'value')),
      )
    case 'ArrayPattern':
      return list(pattern, 'elements').flatMap(patternNames)
    case 'AssignmentPattern':
      return patternNames(child(pattern, 'left'))
    case 'RestElement':
      return patternNames(child(pattern, 'argument'))
    case 'TSParameterProperty':
      return patternNames(child(pattern, 'parameter'))
    default:
      return []
  }
}

const blocks = new Set([
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'StaticBlock',
])

class Builder implements Scopes {
  readonly #scopes = new Map<Node, Scope>()
  readonly module: Scope = { parent: undefined, owner: undefined, bindings: new Map() }

  constructor(program: Node) {
    for (const statement of list(program, 'body')) this.#walk(statement, this.module, this.module)
  }

  of(node: Node): Scope | undefined {
    return this.#scopes.get(node)
  }

  #open(node: Node, parent: Scope, owner: Node | undefined): Scope {
    const scope: Scope = { parent, owner, bindings: new Map() }
    this.#scopes.set(node, scope)
    return scope
  }

  /** `scope`: of let and const; `top`: of var, the function's or the module's. */
  #walk(node: Node, scope: Scope, top: Scope): void {
    if (isTypeOnly(node)) return
    if (isFunction(node)) {
      this.#function(node, scope)
      return
    }
    this.#declarations(node, scope, top)
    const isClass = node.type === 'ClassExpression' || node.type === 'ClassDeclaration'
    const inner = blocks.has(node.type) || isClass ? this.#open(node, scope, scope.owner) : scope
    const id = child(node, 'id')
    if (isClass && id !== undefined) declare(inner, id, 'class')
    if (node.type === 'CatchClause')
      for (const name of patternNames(child(node, 'param'))) declare(inner, name, 'parameter')
    const innerTop = node.type === 'StaticBlock' ? inner : top
    for (const each of children(node)) this.#walk(each, inner, innerTop)
  }

  #function(node: Node, scope: Scope): void {
    const id = child(node, 'id')
    if (node.type === 'FunctionDeclaration' && id !== undefined) declare(scope, id, 'function')
    const inner = this.#open(node, scope, node)
    if (node.type === 'FunctionExpression' && id !== undefined) declare(inner, id, 'function')
    for (const parameter of list(node, 'params')) {
      for (const name of patternNames(parameter)) declare(inner, name, 'parameter')
      this.#walk(parameter, inner, inner)
    }
    const body = child(node, 'body')
    if (body === undefined) return
    // The block of a function shares its scope: what is declared there lives as long as the call.
    if (body.type === 'BlockStatement')
      for (const statement of list(body, 'body')) this.#walk(statement, inner, inner)
    else this.#walk(body, inner, inner)
  }

  #declarations(node: Node, scope: Scope, top: Scope): void {
    if (node.type === 'VariableDeclaration' && node['declare'] !== true) {
      const kind = node['kind']
      for (const declarator of list(node, 'declarations')) {
        const init = child(declarator, 'init')
        for (const name of patternNames(child(declarator, 'id'))) {
          declare(kind === 'var' ? top : scope, name, kind === 'const' ? 'constant' : 'variable', init)
        }
      }
    }
    const id = child(node, 'id')
    if (node.type === 'ClassDeclaration' && id !== undefined && node['declare'] !== true)
      declare(scope, id, 'class')
    if (node.type === 'ImportDeclaration' && node['importKind'] !== 'type') imports(node, scope)
  }
}

function imports(node: Node, scope: Scope): void {
  const from = literal(child(node, 'source'))
  const kind = from === undefined ? 'constant' : 'import'
  for (const specifier of list(node, 'specifiers')) {
    const local = child(specifier, 'local')
    if (local !== undefined && specifier['importKind'] !== 'type')
      declare(scope, local, kind, undefined, from)
  }
}

function declare(
  scope: Scope,
  id: Node,
  kind: Binding['kind'],
  init?: Node,
  from = requiredFrom(init),
): void {
  const name = text(id, 'name')
  if (name === undefined || scope.bindings.has(name)) return
  scope.bindings.set(name, { name, kind, scope, start: id.start, init, from })
}

export function buildScopes(program: Node): Scopes {
  return new Builder(program)
}
