// Finds a part on this machine: PATH first, then the places its package is known to use.
import { accessSync, constants, globSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Part } from './part.ts'

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function byVersionDescending(left: string, right: string): number {
  return right.localeCompare(left, 'en', { numeric: true })
}

/** The absolute path of the program, or undefined when the machine does not have it. */
export function findPart(part: Part): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const { program } = part
  const onPath = program === undefined ? [] : folders.map((folder) => join(folder, program))
  const known = part.places.flatMap((place) =>
    place.includes('*') ? globSync(place).toSorted(byVersionDescending) : [place],
  )
  return [...onPath, ...known].find((path) => (program === undefined ? isThere(path) : isProgram(path)))
}

/** The absolute path of the program; throws, saying how to get it, when the machine does not have it. */
export function requirePart(part: Part): string {
  const path = findPart(part)
  if (path !== undefined) return path
  throw new Error(
    `Cannot find ${part.name}: no ${part.program ?? part.places.join(' or ')}; run npm test once, which installs it`,
  )
}
