// Source text in, rewritten source text out; whatever goes wrong, the source comes back as it was.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type { ParserOptions } from 'oxc-parser'
import { packagesIn } from './bundle.ts'
import { Places } from './places.ts'
import { rewrite } from './rewrite.ts'
import { globalName } from './site.ts'
import { originalOf, positions } from './source-lines.ts'
import type { Place } from './event.ts'
import { list, parse } from './syntax.ts'
import type { Format, Language } from './syntax.ts'

/** In UTF-16 units. More would take seconds to read. */
const maxLength = 4_000_000
/** Where oxc-parser is found, as the file of a package that has it; this file's own by default. */
export const parserVariable = 'DROVER_PROVE_PARSER'

type Parser = Parameters<typeof parse>[0]
let parser: Parser | undefined

export class Instrumenter {
  /** Places in the sources of compiled files, by the path of what runs. */
  readonly originals: Map<string, (line: number, column: number) => Place | undefined> = new Map()

  instrument(source: string, file: string, format: Format, language: Language): string {
    if (source.length > maxLength || source.includes(`${globalName}.m(`)) return source
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
    const isLong = original === undefined ? longLines(source) : undefined
    const position = positions(source)
    const placeAt = (offset: number): Place => {
      const { line, column } = position(offset)
      return (
        original?.placeAt(line, column) ??
        (isLong?.has(line) === true ? { file, line, column } : { file, line })
      )
    }
    const bundled = packagesIn(source)
    const packageAt = (offset: number): string | undefined => {
      const { line, column } = position(offset)
      return bundled(offset) ?? original?.packageAt(line, column)
    }
    const nameAt = (offset: number): string | undefined => {
      const { line, column } = position(offset)
      return original?.nameAt(line, column)
    }
    const places = new Places(placeAt)
    places.at(list(program, 'body')[0]?.start ?? 0)
    const id = createHash('sha256').update(file).digest('hex').slice(0, 8)
    const { text, unshifted } = rewrite({ source, program, format, places, packageAt, nameAt, id })
    if (original !== undefined || (isLong?.size ?? 0) > 0)
      this.originals.set(file, (line, column) => placeAt(unshifted(line, column)))
    return text
  }
}

/** Lines so long hold too much: two variables on one would be taken for one. In UTF-16 units. */
const longestLine = 1000

function longLines(source: string): ReadonlySet<number> {
  const lines = source.split('\n').entries()
  return new Set(
    [...lines].flatMap(([index, line]) => (line.length > longestLine && !isText(line) ? [index + 1] : [])),
  )
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
