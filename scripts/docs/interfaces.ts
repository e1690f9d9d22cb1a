// Reads what an exported interface says of its members: name, type and docstring, from the source itself.
import { readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'
import type { Comment, TSInterfaceDeclaration, TSPropertySignature } from 'oxc-parser'

export interface Member {
  readonly name: string
  readonly type: string
  readonly text: string
}

/** The properties that an interface declares itself, in order. Throws when the file has no such interface. */
export function membersOf(path: string, interfaceName: string): readonly Member[] {
  const source = readFileSync(path, 'utf8')
  const { program, comments } = parseSync(path, source)
  let found: TSInterfaceDeclaration | undefined
  new Visitor({
    TSInterfaceDeclaration: (node) => {
      if (node.id.name === interfaceName) found = node
    },
  }).visit(program)
  if (found === undefined) throw new Error(`Cannot find interface ${interfaceName} in ${path}`)
  return found.body.body.flatMap((member) =>
    member.type === 'TSPropertySignature' ? [memberOf(member, source, comments)] : [],
  )
}

function memberOf(node: TSPropertySignature, source: string, comments: readonly Comment[]): Member {
  const name = source.slice(node.key.start, node.key.end)
  const annotation = node.typeAnnotation?.typeAnnotation
  const type =
    annotation === undefined || annotation === null ? '' : source.slice(annotation.start, annotation.end)
  const comment = comments.findLast(
    (one) => one.end <= node.start && /^\s*$/.test(source.slice(one.end, node.start)),
  )
  return { name, type: onOneLine(type), text: comment === undefined ? '' : plain(comment.value) }
}

/** A docstring without its stars. */
function plain(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*+ ?/, ''))
  return onOneLine(lines.join(' '))
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
