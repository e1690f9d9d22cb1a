// Reads what a source file imports, with a real parser: imports and re-exports, types included, import() and
// import types, and the files that a thread or process is started from, written as new URL(…, import.meta.url).
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync, Visitor } from 'oxc-parser'
import type { Expression, NewExpression } from 'oxc-parser'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  /** Path of the importing file from the root, such as src/session/cookie.ts. */
  readonly from: string
  /** As written: './id.ts', 'node:fs', 'express'. */
  readonly specifier: string
  /** Path of the imported file from the root; undefined for packages and node: modules. */
  readonly to: string | undefined
  readonly isTypeOnly: boolean
}

type Found = Pick<Import, 'specifier' | 'isTypeOnly'>

/** Every file that a glob names, as paths from the root with forward slashes. */
export function listFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: root }).toSorted()
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function isImportMetaUrl(node: Expression): boolean {
  return node.type === 'MemberExpression' && node.object.type === 'MetaProperty'
}

/** The texts a file address may be made of: `'./a.ts'`, `condition ? './a.ts' : './a.js'`, `` `a${extension}` ``. */
function textsIn(node: Expression): string[] {
  if (node.type === 'Literal' && typeof node.value === 'string') return [node.value]
  if (node.type === 'ConditionalExpression') return [...textsIn(node.consequent), ...textsIn(node.alternate)]
  const start = node.type === 'TemplateLiteral' ? (node.quasis[0]?.value.cooked ?? '') : ''
  // Only the extension is computed; a computed name is a choice among files, not an address of one.
  return /\w$/.test(start) ? [`${start}.ts`] : []
}

function startedFiles(node: NewExpression): string[] {
  const [address, base] = node.arguments
  const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL'
  if (!isUrl || address === undefined || base === undefined) return []
  if (address.type === 'SpreadElement' || base.type === 'SpreadElement' || !isImportMetaUrl(base)) return []
  return textsIn(address)
    .filter((text) => text.endsWith('.ts'))
    .map((text) => (text.startsWith('.') ? text : `./${text}`))
}

/** Every specifier in the text of one file. Throws when the text is not TypeScript. */
export function parseImports(path: string, text: string): Found[] {
  const { program, errors } = parseSync(path, text)
  if (errors[0] !== undefined) throw new Error(`Cannot parse ${path}: ${errors[0].message}`)
  const found: Found[] = []
  const add = (specifier: string, isTypeOnly: boolean) => {
    found.push({ specifier, isTypeOnly })
  }
  new Visitor({
    ImportDeclaration: (node) => {
      add(node.source.value, node.importKind === 'type')
    },
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, node.exportKind === 'type')
    },
    ExportAllDeclaration: (node) => {
      add(node.source.value, node.exportKind === 'type')
    },
    ImportExpression: (node) => {
      for (const specifier of textsIn(node.source)) add(specifier, false)
    },
    TSImportType: (node) => {
      add(node.source.value, true)
    },
    NewExpression: (node) => {
      for (const specifier of startedFiles(node)) add(specifier, false)
    },
  }).visit(program)
  return found
}

const known = new Map<string, readonly Import[]>()

/** Every import of one file of the repository, which is read once. A relative one that names no file is an error. */
export function importsOf(from: string): readonly Import[] {
  const imports = known.get(from) ?? readImports(from)
  known.set(from, imports)
  return imports
}

function readImports(from: string): readonly Import[] {
  return parseImports(from, readText(from)).map(({ specifier, isTypeOnly }) => {
    if (!specifier.startsWith('.')) return { from, specifier, isTypeOnly, to: undefined }
    const path = join(root, dirname(from), specifier)
    if (!existsSync(path)) throw new Error(`${from} imports ${specifier}, which does not exist`)
    return { from, specifier, isTypeOnly, to: relative(root, path) }
  })
}

/** src/session/cookie.ts is in room 'session'; src/index.ts, with its test, is a room of its own. */
export function roomOf(path: string): string {
  return (path.split('/')[1] ?? path).replace(/\.test\.ts$/, '.ts')
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** Everything that a file brings along, directly or not, as file → the file that imports it. */
export function reach(start: string): ReadonlyMap<string, string> {
  const reached = new Map<string, string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const { to } of path.endsWith('.ts') ? importsOf(path) : []) {
      if (to === undefined || reached.has(to)) continue
      reached.set(to, path)
      queue.push(to)
    }
  }
  return reached
}
