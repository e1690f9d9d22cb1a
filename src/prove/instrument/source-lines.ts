// From a place of what runs to the place of what a person edits.
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Place } from './event.ts'
import { packageIn } from './frames.ts'

/** Of a place in what runs: line and column from 1. */
export interface Original {
  readonly placeAt: (line: number, column: number) => Place | undefined
  /** The package that the source there is of; undefined: it is of the app. */
  readonly packageAt: (line: number, column: number) => string | undefined
  /** The name that begins there, as a person wrote it. */
  readonly nameAt: (line: number, column: number) => string | undefined
}

// Kept from before fs is watched.
const readFile = readFileSync
const exists = existsSync

const mention = /\/[/*]# sourceMappingURL=(\S+)/g

/** Undefined: the source says nothing of having been compiled. */
export function originalOf(source: string, file: string): Original | undefined {
  const url = [...source.matchAll(mention)].at(-1)?.[1]
  if (url === undefined) return undefined
  try {
    const map = new SourceMap(JSON.parse(read(url, file)))
    return original(map, file)
  } catch {
    // No such map, or none that can be read.
    return undefined
  }
}

function read(url: string, file: string): string {
  const inline = /^data:application\/json[^,]*?(;base64)?,/.exec(url)
  if (inline === null) return readFile(resolve(dirname(file), decodeURIComponent(url)), 'utf8')
  const data = url.slice(inline[0].length)
  return inline[1] === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString()
}

function original(map: SourceMap, file: string): Original {
  const { sourceRoot } = map.payload
  const known = new Map<string, { readonly path: string | undefined; readonly from: string | undefined }>()
  const entryAt = (line: number, column: number) => {
    const entry = map.findEntry(line - 1, column - 1)
    if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return undefined
    const source = entry.originalSource
    const found = known.get(source) ?? {
      path: pathOf(source, sourceRoot, file),
      from: packageOf(source, file),
    }
    known.set(source, found)
    return { ...found, line: entry.originalLine + 1 }
  }
  return {
    placeAt(line, column) {
      const entry = entryAt(line, column)
      return entry?.path === undefined ? undefined : { file: entry.path, line: entry.line }
    },
    packageAt: (line, column) => entryAt(line, column)?.from,
    nameAt(line, column) {
      const entry = map.findEntry(line - 1, column - 1)
      if (!('generatedLine' in entry) || !('name' in entry) || typeof entry.name !== 'string')
        return undefined
      const isExact = entry.generatedLine === line - 1 && entry.generatedColumn === column - 1
      return isExact ? entry.name : undefined
    },
  }
}

/** An app that is installed rather than written here has its own sources in a package too. */
function packageOf(source: string, file: string): string | undefined {
  const from = packageIn(resolve(dirname(file), source))
  return from === packageIn(file) ? undefined : from
}

/** Undefined where nobody could open it, as with packages that are published without their sources. */
function pathOf(source: string, root: string | undefined, file: string): string | undefined {
  if (source.startsWith('file:')) return existing(fileURLToPath(source))
  // As webpack and its like name them: of the folder where they ran, which is somewhere above what they wrote.
  const named = /^[\w-]+:\/\/(?:[^/]*\/)?(.*)$/.exec(source)?.[1]
  if (named === undefined) return existing(resolve(dirname(file), root ?? '', source))
  const path = named.replace(/^(?:\[project\]\/|\.\/)/, '').replace(/\?\w*$/, '')
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const found = existing(join(folder, path))
    if (found !== undefined || folder === dirname(folder)) return found
  }
}

function existing(path: string): string | undefined {
  return exists(path) ? path : undefined
}

/** Line of an offset, from 1, and its column, from 1. */
export function positions(
  source: string,
): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0]
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
