// What a rewritten module begins with: it tells the tracker its sites, and how to look at its own variables.
import type { PackageAt } from './origin.ts'
import type { Places } from './places.ts'
import type { Binding, Scopes } from './scopes.ts'
import { mayChange } from './shapes.ts'
import { globalName } from './site.ts'
import type { Site } from './site.ts'
import { child, children, isFunction, isTypeOnly, list, text } from './syntax.ts'
import type { Format, Node } from './syntax.ts'

/** The first use of one of the module's own names. */
export interface Use {
  readonly isModules: boolean
  readonly at: number
}

export interface Prologue {
  readonly program: Node
  readonly format: Format
  readonly places: Places
  readonly packageAt: PackageAt
  readonly id: string
  readonly scopes: Scopes
  /** Of its own names those that are of no interest. */
  readonly tables: ReadonlySet<Binding>
  readonly sites: readonly Site[]
  /** The module's own names that functions read. */
  readonly read: ReadonlySet<string>
  readonly uses: ReadonlyMap<string, Use>
}

/** `const` and its like may not have begun yet: they are asked later. */
export function prologue({
  program,
  format,
  places,
  packageAt,
  id,
  scopes,
  tables,
  sites,
  read,
  uses,
}: Prologue): string {
  const own = [...scopes.module.bindings.values()].filter(
    (binding) => packageAt(binding.start) === undefined && !tables.has(binding),
  )
  const names = own.filter(({ kind, name }) => kind !== 'import' || read.has(name)).map(({ name }) => name)
  const getters = names.map((name) => `${JSON.stringify(name)}:()=>${name}`)
  if (format === 'commonjs') getters.push('"module.exports":()=>module.exports')
  const declared = Object.fromEntries(
    own
      .filter(({ from, kind }) => from === undefined && kind !== 'import')
      .map(({ name, start, init }) => {
        const ends = [start, init?.end ?? start].map((at) => places.at(at))
        return [name, [...ends, ...(init === undefined ? [] : madeOf(init, scopes))]]
      }),
  )
  const told = sites.map((site) => {
    const use = site.k === undefined ? undefined : uses.get(site.n)
    return use === undefined ? site : Object.assign(site, { u: use.at })
  })
  const args = [places.files, places.entries, told, declared].map((value) => JSON.stringify(value))
  const begins = format === 'module' && !waits(program) ? `${globalName}.l();` : ''
  return `;${globalName}.m(${JSON.stringify(id)},${args.join(',')},{${getters.join(',')}});${begins}`
}

/** Whether a module pauses while it is loaded, so that others run in between. */
export function waits(node: Node): boolean {
  if (isFunction(node)) return false
  return node.type === 'AwaitExpression' || node['await'] === true || children(node).some(waits)
}

/** The module's own names in an expression, but for what stands in functions. */
function madeOf(node: Node, scopes: Scopes): readonly string[] {
  if (isFunction(node) || isTypeOnly(node)) return []
  const name = node.type === 'Identifier' ? text(node, 'name') : undefined
  const binding = name === undefined ? undefined : scopes.module.bindings.get(name)
  if (name !== undefined && binding !== undefined && mayChange(binding) && binding.from === undefined)
    return [name]
  return [...new Set(children(node).flatMap((inner) => madeOf(inner, scopes)))]
}

/** Behind the directives, such as 'use strict', and behind what the file must begin with. */
export function bodyStart(body: Node, from: number, source: string): number {
  const directives = list(body, 'body').filter((each) => typeof each['directive'] === 'string')
  const last = directives.at(-1)
  if (last !== undefined) return last.end
  const hashbang = child(body, 'hashbang')
  if (hashbang !== undefined) return hashbang.end + 1
  return from === 0 && source.startsWith('\u{FEFF}') ? 1 : from
}
