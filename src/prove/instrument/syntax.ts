// Source text as a tree, read with as little knowledge of the grammar as the rewriting needs.
import type { ParserOptions } from 'oxc-parser'

/** A node of the tree (ESTree with TypeScript). Offsets are in UTF-16 units. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** One child; undefined where there is none. */
export function child(node: Node | undefined, key: string): Node | undefined {
  const value = node?.[key]
  return isNode(value) ? value : undefined
}

export function list(node: Node | undefined, key: string): readonly Node[] {
  const value = node?.[key]
  return Array.isArray(value) ? value.filter(isNode) : []
}

export function text(node: Node | undefined, key: string): string | undefined {
  const value = node?.[key]
  return typeof value === 'string' ? value : undefined
}

/** Every child, in the order of the source as far as the parser keeps it. */
export function children(node: Node): readonly Node[] {
  const found: Node[] = []
  for (const value of Object.values(node)) {
    if (isNode(value)) found.push(value)
    else if (Array.isArray(value)) found.push(...value.filter(isNode))
  }
  return found
}

export function isFunction(node: Node): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  )
}

const wrappers = new Set([
  'ParenthesizedExpression',
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'ChainExpression',
])

/** Nodes that exist for the compiler only; expressions in TypeScript clothing are not among them. */
export function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSParameterProperty' || node.type === 'TSExportAssignment') return false
  return node.type.startsWith('TS') && !wrappers.has(node.type)
}

/** The expression inside parentheses and type assertions. */
export function bare(node: Node | undefined): Node | undefined {
  let inner = node
  while (inner !== undefined && wrappers.has(inner.type)) inner = child(inner, 'expression')
  return inner
}

/** The name of a property, where the source says it: `a.b`, `a['b']`, `a.#b`. */
export function propertyName(member: Node, key = 'property'): string | undefined {
  const property = child(member, key)
  if (property?.type === 'PrivateIdentifier') return `#${text(property, 'name') ?? ''}`
  if (property?.type === 'Literal' && typeof property['value'] === 'string') return property['value']
  return member['computed'] === true ? undefined : text(property, 'name')
}

export type Language = 'js' | 'ts'
export type Format = 'module' | 'commonjs'
type Parse = (
  name: string,
  source: string,
  options: ParserOptions,
) => { program: unknown; errors: readonly unknown[] }

/** The program; undefined when it cannot be parsed, whatever the reason. */
export function parse(parser: Parse, source: string, language: Language, format: Format): Node | undefined {
  const langs = language === 'ts' ? (['ts', 'tsx'] as const) : (['js', 'jsx'] as const)
  const sourceType = format === 'module' ? 'module' : 'commonjs'
  for (const lang of langs) {
    const { program, errors } = parser(`app.${lang}`, source, { lang, sourceType, preserveParens: true })
    if (errors.length === 0 && isNode(program)) return program
  }
  return undefined
}
