// Modules that a bundler has made functions of, and that its runtime runs when they are first asked for.
import { bare, child, isFunction, list, propertyName, text } from './syntax.ts'
import type { Node } from './syntax.ts'

/** Those of an assignment or declaration: `exports.modules = { 12: (module, …) => {…} }` of webpack, `module.exports = [12, (module) => {…}]` of Turbopack. */
export function factoriesIn(node: Node): readonly Node[] {
  const isDeclared = node.type === 'VariableDeclarator'
  const left = bare(child(node, isDeclared ? 'id' : 'left'))
  const right = bare(child(node, isDeclared ? 'init' : 'right'))
  const name = left?.type === 'MemberExpression' ? propertyName(left) : text(left, 'name')
  if (right?.type === 'ArrayExpression') return name === 'exports' ? behindNumbers(right) : []
  if (right?.type !== 'ObjectExpression' || (name !== 'modules' && name !== '__webpack_modules__')) return []
  return list(right, 'properties').flatMap((property) => functionIn(child(property, 'value')))
}

function behindNumbers(array: Node): readonly Node[] {
  const elements = list(array, 'elements')
  return elements.flatMap((element, at) =>
    typeof elements[at - 1]?.['value'] === 'number' ? functionIn(element) : [],
  )
}

function functionIn(node: Node | undefined): readonly Node[] {
  return node !== undefined && isFunction(node) ? [node] : []
}
