// What an overlay's upper folder says about writing: only what was written is in it, and character devices 0/0 for what was deleted.
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { WrittenFile } from './servers.ts'

export interface Layer {
  /** Where it is mounted. */
  readonly path: string
  readonly upper: string
  /** How it was before. */
  readonly lower: string
}

/** Files and symbolic links, by absolute path. One that was only opened for writing, or had its rights changed, is none. */
export function listUpperFiles(layer: Layer): Promise<readonly WrittenFile[]> {
  return listFolder(layer, '')
}

async function listFolder(layer: Layer, within: string): Promise<readonly WrittenFile[]> {
  const entries = await readdir(join(layer.upper, within), { withFileTypes: true }).catch(() => [])
  return (await Promise.all(entries.map((entry) => describe(layer, within, entry)))).flat()
}

async function describe(layer: Layer, within: string, entry: Dirent): Promise<readonly WrittenFile[]> {
  const inside = join(within, entry.name)
  if (entry.isDirectory()) return listFolder(layer, inside)
  const path = join(layer.path, inside)
  const now = await statIfPresent(join(layer.upper, inside))
  if (now === undefined) return []
  if (now.isCharacterDevice() && now.rdev === 0)
    return [{ path, change: 'deleted', sizeBytes: 0, modifiedAtMs: undefined }]
  const before = await statIfPresent(join(layer.lower, inside))
  if (before !== undefined && (await isSame(layer, inside, before, now))) return []
  return [
    {
      path,
      change: before === undefined ? 'added' : 'changed',
      sizeBytes: now.size,
      modifiedAtMs: now.mtimeMs,
    },
  ]
}

/** Above this, a file of unchanged size and time counts as unchanged. */
const mostComparedBytes = 32 * 1024 * 1024

async function isSame(layer: Layer, inside: string, before: Stats, now: Stats): Promise<boolean> {
  if (before.size !== now.size || before.isFile() !== now.isFile()) return false
  if (now.isSymbolicLink())
    return (await readlink(join(layer.upper, inside))) === (await readlink(join(layer.lower, inside)))
  // Copying up keeps the time of the last change.
  if (before.mtimeMs === now.mtimeMs) return true
  if (!now.isFile() || now.size > mostComparedBytes) return false
  const [one, other] = await Promise.all([
    readFile(join(layer.upper, inside)),
    readFile(join(layer.lower, inside)),
  ])
  return one.equals(other)
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch {
    // Gone since it was listed, or never there.
    return undefined
  }
}
