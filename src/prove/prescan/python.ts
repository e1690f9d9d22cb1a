// Hints of Python sources: what a module or an object that lives as long as it holds and functions change, and settings that keep things in
// memory or on a disk. A look at lines and their indentation, no parser.
import type { Hint, Kind } from '../finding.ts'
import type { SourceFile } from './sources.ts'

/** Of all files together, since what one declares others change; in the order of files and lines. */
export function pythonHints(sources: readonly SourceFile[]): readonly Hint[] {
  const modules = sources.map((source) => new Module(source))
  const held = modules.flatMap((module) => module.held(modules))
  const isKept = held.some(({ isContainer }) => isContainer)
  // Where something is kept, a number that nobody else looks at gives it its keys.
  const told = held.filter(({ isContainer, isShown }) => isContainer || isShown || !isKept)
  const isCacheChosen = sources.some(({ text }) => /^CACHES\s*=/m.test(text))
  return modules.flatMap((module) =>
    told
      .filter(({ hint }) => hint.at.file === module.file)
      .map(({ hint }) => hint)
      .concat([...module.settings(isCacheChosen)]),
  )
}

interface Held {
  readonly hint: Hint
  readonly isContainer: boolean
  /** Whether a function reads it that does not write it. */
  readonly isShown: boolean
}

/** A function or method, up to the next line that is no deeper. */
interface Block {
  readonly className: string | undefined
  readonly name: string
  readonly line: number
  readonly text: string
}

const container = String.raw`(?:\[|\{|(?:\w+\.)?(?:dict|list|set|defaultdict|deque|Counter|OrderedDict)\()`
const annotated = String.raw`(?:\s*:[^=\n]+)?\s*=\s*`
const assigning = String.raw`\s*(?:[-+*/%|&^@]|//|\*\*|<<|>>)?=(?!=)`
const changing =
  'append|appendleft|add|insert|extend|update|setdefault|pop|popitem|popleft|remove|discard|clear'
const secretName = /secret|(?:signing|jwt|token)_?key|salt/i
const drawing = /\b(?:os\.urandom|secrets\.token_\w+|get_random_secret_key|Fernet\.generate_key|uuid4)\(/

const settings: readonly (readonly [pattern: RegExp, kind: Kind, words: string])[] = [
  [/\blocmem\.LocMemCache\b/, 'in-process-cache', 'LocMemCache is in the memory of each process'],
  [
    /["'](?:SimpleCache|simple)["']|(?<!\w)SimpleCache\(/,
    'in-process-cache',
    'SimpleCache is in the memory of each process',
  ],
  [/\bsessions\.backends\.file\b/, 'local-file', 'Sessions are files on the disk of one instance'],
  [/\bSESSION_TYPE\W+filesystem\b/, 'local-file', 'Sessions are files on the disk of one instance'],
  [/\b(?:aio)?sqlite3?\.connect\(/, 'local-sqlite', 'A SQLite file is on the disk of one instance'],
  [/["']sqlite(?:\+\w+)?:\/\//, 'local-sqlite', 'A SQLite file is on the disk of one instance'],
  [/\bdb\.backends\.sqlite3\b/, 'local-sqlite', 'A SQLite file is on the disk of one instance'],
]

class Module {
  readonly file: string
  readonly #name: string
  readonly #lines: readonly string[]
  readonly #code: readonly string[]
  readonly #blocks: readonly Block[]

  constructor({ file, text }: SourceFile) {
    this.file = file
    this.#name = /(\w+)(?:\/__init__)?\.py$/.exec(file)?.[1] ?? ''
    this.#lines = text.split('\n')
    this.#code = withoutStrings(text).split('\n')
    this.#blocks = blocksOf(this.#code)
  }

  /** Variables of this module, and fields of classes whose objects modules hold, that functions of `modules` change. */
  held(modules: readonly Module[]): readonly Held[] {
    return [...this.#variables(modules), ...this.#fields(modules)]
  }

  *#variables(modules: readonly Module[]): Generator<Held> {
    const seen = new Set<string>()
    for (const [index, code] of this.#code.entries()) {
      const name = new RegExp(String.raw`^(\w+)${annotated}\S`).exec(code)?.[1]
      if (name === undefined || seen.has(name)) continue
      seen.add(name)
      const isContainer = new RegExp(String.raw`^\w+${annotated}${container}`).test(code)
      const uses = modules.flatMap((module) => module.#usesOf(name, this, isContainer))
      const held = this.#heldAt(index, name, isContainer, uses)
      if (held !== undefined) yield held
    }
  }

  *#fields(modules: readonly Module[]): Generator<Held> {
    for (const { className, name, line, text } of this.#blocks) {
      if (className === undefined || name !== '__init__' || !modules.some((one) => one.#holds(className)))
        continue
      const methods = this.#blocks.filter((block) => block.className === className && block.name !== name)
      for (const [offset, code] of text.split('\n').entries()) {
        const field = new RegExp(String.raw`^\s+self\.(\w+)${annotated}`).exec(code)?.[1]
        if (field === undefined) continue
        const isContainer = new RegExp(String.raw`self\.\w+${annotated}${container}`).test(code)
        const uses = methods.map((method) =>
          useIn(method.text, String.raw`self\.${field}`, isContainer, true),
        )
        const held = this.#heldAt(line + offset, `${className}.${field}`, isContainer, uses)
        if (held !== undefined) yield held
      }
    }
  }

  #heldAt(index: number, name: string, isContainer: boolean, uses: readonly Use[]): Held | undefined {
    if (!uses.includes('writes')) return undefined
    const words = `\`${name}\` lives as long as the process, and functions change it`
    return {
      hint: { ...this.#hint('module-state', index, words), holder: name },
      isContainer,
      isShown: uses.includes('reads'),
    }
  }

  /** How each function uses a variable of another module, or of this one. */
  #usesOf(name: string, owner: Module, isContainer: boolean): readonly Use[] {
    if (owner === this) return this.#blocks.map(({ text }) => useIn(text, name, isContainer))
    const whole = this.#code.join('\n')
    const isImported = new RegExp(
      String.raw`^\s*from\s+[\w.]*\b${owner.#name}\s+import\s+(?:\([^)]*|[^\n]*)\b${name}\b`,
      'm',
    ).test(whole)
    const path = String.raw`${owner.#name}\.${name}`
    return this.#blocks.map(({ text }) => {
      const through = useIn(text, path, isContainer, true)
      return through === 'none' && isImported ? useIn(text, name, isContainer) : through
    })
  }

  /** Whether an object of the class is a variable of this module. */
  #holds(className: string): boolean {
    const made = new RegExp(String.raw`^\w+${annotated}(?:\w+\.)?${className}\(`)
    return this.#code.some((code) => made.test(code))
  }

  *settings(isCacheChosen: boolean): Generator<Hint> {
    const isShared = /backends\.(?:redis|memcached|db|filebased)\b|django_redis/.test(this.#lines.join('\n'))
    for (const [index, line] of this.#lines.entries()) {
      if (/^\s*#/.test(line)) continue
      for (const [pattern, kind, words] of settings)
        if (pattern.test(line)) yield this.#hint(kind, index, words)
      if (!isCacheChosen && /^\s*from django\.core\.cache import\b/.test(line))
        yield this.#hint(
          'in-process-cache',
          index,
          'Without CACHES, Django caches in the memory of each process',
        )
      if (this.#remembers(index))
        yield this.#hint('in-process-cache', index, 'Each process remembers results by itself')
      if (!isShared && /\bsessions\.backends\.cache\b/.test(line))
        yield this.#hint('in-memory-session', index, 'Sessions are in a cache in the memory of each process')
      const name = /^(?:[\w.]+\.)?(\w+)(?:\[["'](\w+)["']\])?\s*=/.exec(line)
      if (drawing.test(line) && secretName.test(name?.[2] ?? name?.[1] ?? ''))
        yield this.#hint('per-process-secret', index, 'It is drawn anew in each process')
    }
  }

  /** Settings are read once on purpose. */
  #remembers(index: number): boolean {
    if (!/^\s*@(?:functools\.)?(?:lru_cache|cache)\b/.test(this.#code[index] ?? '')) return false
    const name = this.#code.slice(index + 1).find((line) => /\bdef\s/.test(line)) ?? ''
    return !/settings|config/i.test(name)
  }

  #hint(kind: Kind, index: number, text: string): Hint {
    return { kind, at: { file: this.file, line: index + 1, text: this.#lines[index]?.trim() }, text }
  }
}

type Use = 'none' | 'reads' | 'writes'

/** A variable gets another value only where the function says `global`, a member anywhere. */
function useIn(text: string, path: string, isContainer: boolean, isMember = false): Use {
  const at = String.raw`(?<![\w.])${path}\b`
  const matches = (rest: string): boolean => new RegExp(at + rest).test(text)
  const isGlobal = isMember || new RegExp(String.raw`^\s*global\b[^\n]*\b${path}\b`, 'm').test(text)
  if (!isGlobal && isLocal(text, path)) return 'none'
  const isChanged =
    matches(String.raw`(?:\[[^\n]*?\])+(?:\.\w+)*${assigning}`) ||
    (isContainer && matches(String.raw`(?:\[[^\n]*?\])*\.(?:${changing})\(`)) ||
    (isContainer && new RegExp(String.raw`\bdel\s+${path}\[`).test(text)) ||
    (isGlobal && matches(assigning))
  if (isChanged) return 'writes'
  return matches('') ? 'reads' : 'none'
}

function isLocal(text: string, name: string): boolean {
  const parameters = /def\s+\w+\s*\(([^)]*)/.exec(text)?.[1] ?? ''
  return (
    new RegExp(String.raw`\b${name}\b(?!\s*\()`).test(parameters.replaceAll(/=[^,]*/g, '')) ||
    new RegExp(
      String.raw`(?:^\s+|\bfor\s+|\bas\s+)${name}(?:\s*:[^=\n]+)?(?:\s*=(?!=)|\s+in\b|\s*:$)`,
      'm',
    ).test(text)
  )
}

function blocksOf(code: readonly string[]): readonly Block[] {
  const blocks: Block[] = []
  let className: string | undefined
  for (let index = 0; index < code.length; index += 1) {
    const line = code[index] ?? ''
    if (/^\S/.test(line)) className = /^class\s+(\w+)/.exec(line)?.[1]
    const [, indent, name] = /^(\s*)(?:async\s+)?def\s+(\w+)/.exec(line) ?? []
    if (indent === undefined || name === undefined) continue
    const end = endOf(code, index, indent.length)
    blocks.push({
      className: indent === '' ? undefined : className,
      name,
      line: index,
      text: code.slice(index, end).join('\n'),
    })
    index = end - 1
  }
  return blocks
}

/** A line that closes what the head opened is no deeper either. */
function endOf(code: readonly string[], head: number, indent: number): number {
  const isOutside = (line: string): boolean =>
    line.trim() !== '' && line.search(/\S/) <= indent && !/^\s*\)/.test(line)
  const length = code.slice(head + 1).findIndex(isOutside)
  return length === -1 ? code.length : head + 1 + length
}

const strings = /("""|''')[\s\S]*?\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*/g

/** Line by line as before. */
function withoutStrings(text: string): string {
  return text.replaceAll(strings, (match) =>
    match.startsWith('#') ? '' : `''${match.replaceAll(/[^\n]/g, '')}`,
  )
}
