// YAML or JSON that knows its lines. JSON is read as the YAML it is, so that both name the line of a mistake.
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import type { DroverError } from '../../base/errors.ts'
import { flowError } from './reading.ts'

export type SourcePath = readonly (string | number)[]

export interface Source {
  readonly name: string
  readonly value: unknown
  /** `checkout.yaml:12`: where the value, or the nearest one around it, begins; of a key in a mapping, the key's line. */
  place(path: SourcePath): string
  refuse(path: SourcePath, problem: string): DroverError
}

/** OPTION_INVALID, with the line, where `text` is neither YAML nor JSON. */
export function parseSource(text: string, name: string): Source {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const problem = document.errors[0]
  const lineAt = (offset: number) => `${name}:${lines.linePos(offset).line}`
  if (problem !== undefined) throw flowError(lineAt(problem.pos[0]), `Cannot read it: ${problem.message}`)
  const place = (path: SourcePath) => {
    const offset = offsetOf(document, path)
    return offset === undefined ? name : lineAt(offset)
  }
  return { name, value: plain(document, name), place, refuse: (path, wrong) => flowError(place(path), wrong) }
}

/** Aliases are limited by the parser: a short file cannot become a huge value. */
function plain(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw flowError(name, `Cannot read it: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function offsetOf(document: Document, path: SourcePath): number | undefined {
  let node: unknown = document.contents
  let offset = startOf(node)
  for (const step of path) {
    const next = innerNode(node, step)
    if (next === undefined) break
    offset = next.offset ?? offset
    node = next.node
  }
  return offset
}

function innerNode(
  node: unknown,
  step: string | number,
): { offset: number | undefined; node: unknown } | undefined {
  if (isSeq(node)) {
    const item: unknown = node.items[Number(step)]
    return item === undefined ? undefined : { offset: startOf(item), node: item }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair === undefined ? undefined : { offset: startOf(pair.key), node: pair.value }
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key)
  return isNode(node) ? node.range?.[0] : undefined
}
