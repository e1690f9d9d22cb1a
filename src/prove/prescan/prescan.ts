// A static look at the app's sources: hints of what may make it stateful, never a verdict.
import { parseSync } from 'oxc-parser'
import type { Hint, Kind } from '../finding.ts'
import { buildScopes, patternNames, requiredFrom, resolve } from '../instrument/scopes.ts'
import type { Binding, Scope, Scopes } from '../instrument/scopes.ts'
import { isContainer } from '../instrument/shapes.ts'
import { positions } from '../instrument/source-lines.ts'
import {
  bare,
  child,
  children,
  isFunction,
  isTypeOnly,
  list,
  parse,
  propertyName,
  text,
} from '../instrument/syntax.ts'
import type { Node } from '../instrument/syntax.ts'
import { marksOf } from './marks.ts'
import { pythonHints } from './python.ts'
import { scanLimits, sourcesIn } from './sources.ts'
import type { ScanLimits, SourceFile } from './sources.ts'

const hintsAtMost = 50

/** Never rejects: what cannot be read or parsed gives no hints. */
export async function prescan(
  folder: string,
  limits: ScanLimits = scanLimits,
  now: () => number = () => performance.now(),
): Promise<readonly Hint[]> {
  const hints: Hint[] = []
  const python: SourceFile[] = []
  for await (const source of sourcesIn(folder, limits, now)) {
    if (source.file.endsWith('.py')) python.push(source)
    else hints.push(...hintsIn(source))
    if (hints.length >= hintsAtMost) break
  }
  return [...hints, ...pythonHints(python)].slice(0, hintsAtMost)
}

/** Of one file of JavaScript or TypeScript, in the order of its lines; one for each line and kind. */
export function hintsIn({ file, text: source }: SourceFile): readonly Hint[] {
  const language = /\.[cm]?tsx?$/.test(file) ? 'ts' : 'js'
  const isCommonJs = file.endsWith('.cjs') || !/^\s*(?:import|export)\b/m.test(source)
  const program = parse(parseSync, source, language, isCommonJs ? 'commonjs' : 'module')
  if (program === undefined) return []
  const scan = new Scan(file, source, buildScopes(program))
  for (const statement of list(program, 'body')) scan.visit(statement, scan.scopes.module, false)
  return [...scan.hints.values()].toSorted((a, b) => a.at.line - b.at.line)
}

const changing = new Set('set add delete clear push pop shift unshift splice'.split(' '))

class Scan {
  readonly hints = new Map<string, Hint>()
  readonly scopes: Scopes
  readonly #file: string
  readonly #source: string
  readonly #lines: readonly string[]
  readonly #position: ReturnType<typeof positions>

  constructor(file: string, source: string, scopes: Scopes) {
    this.#file = file
    this.#source = source
    this.#lines = source.split('\n')
    this.#position = positions(source)
    this.scopes = scopes
  }

  visit(node: Node, scope: Scope, isInside: boolean): void {
    if (isTypeOnly(node)) return
    const inner = this.scopes.of(node) ?? scope
    this.#look(node, scope, isInside)
    for (const each of children(node)) this.visit(each, inner, isInside || isFunction(node))
  }

  #look(node: Node, scope: Scope, isInside: boolean): void {
    if (isInside) this.#written(node, scope)
    if (node.type === 'CallExpression' || node.type === 'NewExpression') this.#made(node, scope, isInside)
    if (node.type === 'VariableDeclarator' && !isInside) this.#secret(node)
  }

  /** Variables of the module that functions write. */
  #written(node: Node, scope: Scope): void {
    const target = node.type === 'AssignmentExpression' ? child(node, 'left') : child(node, 'argument')
    if (node.type === 'AssignmentExpression' || node.type === 'UpdateExpression') {
      for (const name of patternNames(bare(target))) this.#state(this.#ofModule(name, scope), node)
      if (bare(target)?.type === 'MemberExpression')
        this.#state(this.#container(child(bare(target) ?? node, 'object'), scope), node)
      return
    }
    const callee = node.type === 'CallExpression' ? bare(child(node, 'callee')) : undefined
    if (callee?.type !== 'MemberExpression' || !changing.has(propertyName(callee) ?? '')) return
    this.#state(this.#container(child(callee, 'object'), scope), node)
  }

  #ofModule(name: Node | undefined, scope: Scope): Binding | undefined {
    const binding = name?.type === 'Identifier' ? resolve(scope, text(name, 'name') ?? '') : undefined
    return binding?.scope.owner === undefined && binding?.kind !== 'import' ? binding : undefined
  }

  #container(object: Node | undefined, scope: Scope): Binding | undefined {
    const binding = this.#ofModule(bare(object), scope)
    return binding !== undefined && isContainer(bare(binding.init)) ? binding : undefined
  }

  #state(binding: Binding | undefined, write: Node): void {
    if (binding === undefined) return
    const { line } = this.#position(write.start)
    this.#hint(
      'module-state',
      binding.start,
      `\`${binding.name}\` lives as long as the process, and line ${line} writes it`,
      binding.name,
    )
  }

  /** What packages keep in memory or on the disk unless they are told otherwise. */
  #made(node: Node, scope: Scope, isInside: boolean): void {
    const from = packageOf(node, scope)
    const [options] = list(node, 'arguments')
    const has = (name: string): boolean =>
      list(options, 'properties').some((property) => propertyName(property, 'key') === name)
    const isKnown = options === undefined || options.type === 'ObjectExpression'
    if (from === 'express-session' && isKnown && !has('store'))
      this.#hint('in-memory-session', node.start, 'Without a store, express-session keeps sessions in memory')
    if (from === 'express-rate-limit' && isKnown && !has('store'))
      this.#hint('rate-limiter', node.start, 'Without a store, each process counts for itself')
    if (from === 'multer' && has('dest'))
      this.#hint(
        'upload-directory',
        node.start,
        'Uploads are kept on the disk of the instance that took them',
      )
    const isDatabase = from === 'better-sqlite3' || from === 'sqlite3' || from === 'node:sqlite'
    if (isDatabase && node.type === 'NewExpression')
      this.#hint('local-sqlite', node.start, 'A SQLite file is on the disk of one instance')
    const isTimer = text(child(node, 'callee'), 'name') === 'setInterval'
    if (isTimer && !isInside) this.#hint('in-process-schedule', node.start, 'Every instance runs this timer')
  }

  #secret(node: Node): void {
    const name = text(child(node, 'id'), 'name') ?? ''
    const init = child(node, 'init')
    if (!/secret|key|salt/i.test(name) || init === undefined || !draws(init)) return
    this.#hint('per-process-secret', node.start, `\`${name}\` is drawn anew in each process`)
  }

  #hint(kind: Kind, offset: number, words: string, holder?: string): void {
    const { line } = this.#position(offset)
    const at = { file: this.#file, line, text: this.#lines[line - 1]?.trim() }
    const key = `${kind} ${line}`
    if (this.hints.has(key)) return
    const marks = marksOf(this.#source, offset)
    this.hints.set(key, { kind, at, text: words, marks, ...(holder === undefined ? {} : { holder }) })
  }
}

function packageOf(call: Node, scope: Scope): string | undefined {
  let at = bare(child(call, 'callee'))
  while (at?.type === 'MemberExpression') at = bare(child(at, 'object'))
  if (at?.type === 'CallExpression') return requiredFrom(at)
  return at?.type === 'Identifier' ? resolve(scope, text(at, 'name') ?? '')?.from : undefined
}

const drawing = /^(?:randomBytes|randomUUID|generateKeySync|generateKeyPairSync)$/

/** Whether random bytes are drawn in an expression, but for functions in it. */
function draws(node: Node): boolean {
  if (isFunction(node)) return false
  const callee = node.type === 'CallExpression' ? bare(child(node, 'callee')) : undefined
  const name = callee?.type === 'MemberExpression' ? propertyName(callee) : text(callee, 'name')
  return drawing.test(name ?? '') || children(node).some(draws)
}
