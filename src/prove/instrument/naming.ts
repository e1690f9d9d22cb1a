// What to call what is written to.
import type { Site } from './site.ts'
import type { ClassPlace } from './standing.ts'
import { bare, child, propertyName } from './syntax.ts'
import type { Node } from './syntax.ts'

/** As it stands in the source, unless that is long; of a field with its class. */
export function shortName(left: Node, owner: ClassPlace | undefined, source: string): string {
  const inner = bare(left)
  const isOwn = inner?.type === 'MemberExpression' && child(inner, 'object')?.type === 'ThisExpression'
  if (isOwn && owner !== undefined) return `${owner.name}.${propertyName(inner) ?? '[]'}`
  const written = source.slice(left.start, left.end)
  return written.length <= 60 && !written.includes('\n') ? written : 'object'
}

/** Of an object of which `property` is written, and where it is declared if it is a field of the class around. */
export function holderName(
  object: Node,
  property: string | undefined,
  owner: ClassPlace | undefined,
  source: string,
): Pick<Site, 'n' | 'd'> {
  const inner = bare(object)
  const isField = inner?.type === 'MemberExpression' && child(inner, 'object')?.type === 'ThisExpression'
  const field = inner?.type === 'ThisExpression' ? property : isField ? propertyName(inner) : undefined
  if (owner === undefined || field === undefined) return { n: shortName(object, owner, source) }
  const d = owner.fields.get(field)
  return { n: `${owner.name}.${field}`, ...(d === undefined ? {} : { d }) }
}
