// Reads the lines of the app's source that a finding names, with some around them.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Cause, CodePlace } from '../finding.ts'
import type { Excerpt, Mark } from './input.ts'

const linesAround = 3
/** A line of a bundle may be the whole bundle. */
const lineWidth = 300
const maxFileBytes = 4 * 1024 * 1024

/** In the order of the file. Empty where no line is known, or the file cannot be read any more. */
export async function readExcerpts(folder: string, cause: Cause): Promise<readonly Excerpt[]> {
  const { declaredAt, writtenAt } = cause
  const files = new Set([declaredAt, writtenAt].flatMap((place) => (place === undefined ? [] : [place.file])))
  const excerpts = await Promise.all(
    Array.from(files, async (file) => {
      const lines = await readLines(resolve(folder, file))
      return lines === undefined ? [] : excerptsOf(file, lines, marksIn(file, cause))
    }),
  )
  return excerpts.flat()
}

function marksIn(file: string, { declaredAt, writtenAt }: Cause): readonly Mark[] {
  const marks: Mark[] = []
  if (declaredAt?.file === file) marks.push({ ...lineIn(declaredAt), role: 'declared' })
  if (writtenAt?.file === file) marks.push({ ...lineIn(writtenAt), role: 'written' })
  return marks.toSorted((one, two) => one.line - two.line)
}

function lineIn({ line, column }: CodePlace): Omit<Mark, 'role'> {
  return column === undefined ? { line } : { line, column }
}

async function readLines(path: string): Promise<readonly string[] | undefined> {
  try {
    const { size } = await stat(path)
    if (size > maxFileBytes) return undefined
    return (await readFile(path, 'utf8')).split(/\r?\n/)
  } catch {
    // The app may have deleted or renamed it meanwhile; the finding stands without.
    return undefined
  }
}

/** One excerpt for each mark; one for both where they would touch. */
export function excerptsOf(
  file: string,
  lines: readonly string[],
  marks: readonly Mark[],
): readonly Excerpt[] {
  const groups: Mark[][] = []
  for (const mark of marks.filter(({ line }) => line >= 1 && line <= lines.length)) {
    const last = groups.at(-1)
    if (last !== undefined && mark.line - (last.at(-1)?.line ?? 0) <= 2 * linesAround + 1) last.push(mark)
    else groups.push([mark])
  }
  return groups.map((group) => {
    const firstLine = Math.max(1, (group[0]?.line ?? 1) - linesAround)
    const lastLine = Math.min(lines.length, (group.at(-1)?.line ?? 1) + linesAround)
    const shown = lines.slice(firstLine - 1, lastLine).map((line, index) => {
      const from = (group.find((mark) => mark.line === firstLine + index)?.column ?? 1) - 1
      return line.slice(from, from + lineWidth)
    })
    return { file, firstLine, lines: shown, marks: group }
  })
}
