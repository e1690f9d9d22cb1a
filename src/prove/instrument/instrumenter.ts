// Source text in, rewritten source text out; whatever goes wrong, the source comes back as it was.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type { ParserOptions } from 'oxc-parser'
import { rewrite } from './rewrite.ts'
import { globalName } from './site.ts'
import { originalOf, positions } from './source-lines.ts'
import type { Original } from './source-lines.ts'
import { list, parse } from './syntax.ts'
import type { Format, Language } from './syntax.ts'

/** Bundles are left alone: nobody edits their lines. */
const maxLength = 1_000_000
/** Where oxc-parser is found, as the file of a package that has it; this file's own by default. */
export const parserVariable = 'DROVER_PROVE_PARSER'

type Parser = Parameters<typeof parse>[0]
let parser: Parser | undefined

export class Instrumenter {
  /** Places in the sources of compiled files, by the path of what runs. */
  readonly originals: Map<string, Original> = new Map()

  instrument(source: string, file: string, format: Format, language: Language): string {
    if (source.length > maxLength || source.includes(`${globalName}.m(`) || isMinified(source)) return source
    try {
      return this.#instrument(source, file, format, language)
    } catch {
      return source
    }
  }

  #instrument(source: string, file: string, format: Format, language: Language): string {
    parser ??= loadParser()
    const program = parse(parser, source, language, format)
    if (program === undefined) return source
    const original = originalOf(source, file)
    if (original !== undefined) this.originals.set(file, original)
    const position = positions(source)
    const id = createHash('sha256').update(file).digest('hex').slice(0, 8)
    const placeAt = (offset: number) => {
      const { line, column } = position(offset)
      return original?.(line, column) ?? { file, line }
    }
    const [first] = list(program, 'body')
    const named = original === undefined ? file : placeAt(first?.start ?? 0).file
    return rewrite({ source, program, format, file: named, lineAt: (offset) => placeAt(offset).line, id })
  }
}

/** Lines so long hold too much: two variables on one would be taken for one. */
const longestLine = 8000

function isMinified(source: string): boolean {
  for (let at = 0; at < source.length;) {
    const end = source.indexOf('\n', at)
    const lineEnd = end === -1 ? source.length : end
    if (lineEnd - at > longestLine && !isText(source.slice(at, lineEnd))) return true
    at = lineEnd + 1
  }
  return false
}

/** A source map, a picture or the like, written as one text. */
function isText(line: string): boolean {
  return (line.match(/[;{}]/g) ?? []).length < 20
}

/** Loaded with the first module of the app: a process that runs none, such as npm, does not pay for it. */
function loadParser(): Parser {
  const require = createRequire(process.env[parserVariable] ?? import.meta.url)
  const loaded: unknown = require('oxc-parser')
  if (typeof loaded !== 'object' || loaded === null || !('parseSync' in loaded))
    throw new TypeError('No parser')
  const { parseSync } = loaded
  if (typeof parseSync !== 'function') throw new TypeError('No parser')
  return (name: string, source: string, options: ParserOptions) => {
    const result: unknown = Reflect.apply(parseSync, undefined, [name, source, options])
    if (typeof result !== 'object' || result === null || !('program' in result))
      throw new TypeError('Nothing parsed')
    const errors = 'errors' in result && Array.isArray(result.errors) ? result.errors : []
    return { program: result.program, errors }
  }
}
