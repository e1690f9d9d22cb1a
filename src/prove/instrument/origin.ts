// Which package something that is called is of, in a bundle too.
import { memberRoot, packageOf, resolve } from './scopes.ts'
import type { Binding, Scope } from './scopes.ts'
import { child, list, text } from './syntax.ts'
import type { Node } from './syntax.ts'

/** The package of which a bundle has taken the source that is at an offset; undefined: it is the app's own. */
export type PackageAt = (offset: number) => string | undefined

/** The package or built-in module whose function or class is called. */
export function packageCalled(
  call: Node | undefined,
  scope: Scope,
  packageAt: PackageAt,
): string | undefined {
  const from = packageOf(call, scope)
  if (from !== undefined || (call?.type !== 'CallExpression' && call?.type !== 'NewExpression')) return from
  const name = text(memberRoot(child(call, 'callee')), 'name')
  const binding = name === undefined ? undefined : resolve(scope, name)
  return binding?.from === undefined && binding !== undefined ? bundledFrom(binding, packageAt) : undefined
}

/** In a bundle a package is no name that is imported, but a function, class or `__toESM(require_of_it())` beside the app's own code. */
function bundledFrom({ start, init, scope }: Binding, packageAt: PackageAt): string | undefined {
  if (scope.owner !== undefined) return undefined
  const own = packageAt(start)
  if (own !== undefined || init?.type !== 'CallExpression') return own
  const callee = text(child(init, 'callee'), 'name')
  const [inner] = callee?.startsWith('__to') === true ? list(init, 'arguments') : [init]
  const made = inner?.type === 'CallExpression' ? text(child(inner, 'callee'), 'name') : undefined
  const binding = made === undefined ? undefined : resolve(scope, made)
  return binding === undefined ? undefined : packageAt(binding.start)
}
