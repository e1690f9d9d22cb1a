// From a line of what runs to the line of what a person edits.
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Place } from './event.ts'

export type Original = (line: number, column: number) => Place | undefined

const mention = /\/[/*]# sourceMappingURL=(\S+)/g

/** Undefined: the source says nothing of having been compiled. */
export function originalOf(source: string, file: string): Original | undefined {
  const url = [...source.matchAll(mention)].at(-1)?.[1]
  if (url === undefined) return undefined
  try {
    const map = new SourceMap(JSON.parse(read(url, file)))
    // Of a bundle the lines that run are told: they are of one file, which is there.
    if (map.payload.sources.length !== 1) return undefined
    return (line, column) => placeIn(map, line, column, file)
  } catch {
    // No such map, or none that can be read.
    return undefined
  }
}

function read(url: string, file: string): string {
  const inline = /^data:application\/json[^,]*?(;base64)?,/.exec(url)
  if (inline === null) return readFileSync(resolve(dirname(file), decodeURIComponent(url)), 'utf8')
  const data = url.slice(inline[0].length)
  return inline[1] === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString()
}

function placeIn(map: SourceMap, line: number, column: number, file: string): Place | undefined {
  const entry = map.findEntry(line - 1, column - 1)
  if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return undefined
  const { sourceRoot } = map.payload
  const source = entry.originalSource
  const path = source.startsWith('file:') ? fileURLToPath(source) : resolve(dirname(file), sourceRoot, source)
  return { file: path, line: entry.originalLine + 1 }
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
