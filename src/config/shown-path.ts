// A path as messages and hints show it to a person.
import { relative } from 'node:path'

/** Relative to `currentDir` where that is shorter; that folder itself stays absolute. */
export function shownPath(path: string, currentDir: string): string {
  const fromHere = relative(currentDir, path)
  return fromHere !== '' && fromHere.length < path.length ? fromHere : path
}
