// Where in the folder a key is. Parts of keys are folders with a `+` behind their name, so that both `a` and `a/b` may be
// files; a link that somebody put there is never followed.
import { lstat, mkdir, open, readdir, rmdir } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { dirname, join } from 'node:path'
import { DroverError } from '../../base/errors.ts'
import { compareKeys } from '../key.ts'
import { decodeSegment, encodeSegment } from '../segment.ts'
import { isErrno } from './errno.ts'

export interface TreeEntry {
  readonly key: string
  readonly path: string
}

export interface TreeQuery {
  readonly prefix: string
  /** Only keys after this one. */
  readonly after: string
}

export class FileTree {
  readonly #top: string

  /** `top` is there. */
  constructor(top: string) {
    this.#top = top
  }

  /** Where a file of this key is or would be. */
  pathOf(key: string): string {
    const names = key.split('/').map(encodeSegment)
    const file = names.pop() ?? ''
    return join(this.#top, ...names.map((name) => `${name}+`), file)
  }

  /** Rejects with FILE_KEY_INVALID when a folder on the way to the file is a link, or no folder. */
  async assertInside(path: string): Promise<void> {
    for (const folder of this.#foldersOf(path)) {
      const found = await lstat(folder).catch(absent)
      if (found === undefined) return
      if (!found.isDirectory()) throw outside(folder)
    }
  }

  /** Makes the folders on the way to the file; resolves to those that hold a new name, which is not on the disk yet. */
  async makeWay(path: string): Promise<readonly string[]> {
    const changed: string[] = []
    for (const folder of this.#foldersOf(path)) {
      const isNew = await mkdir(folder, { mode: 0o700 }).then(() => true, known)
      if (isNew) changed.push(dirname(folder))
      else if (!(await lstat(folder)).isDirectory()) throw outside(folder)
    }
    return changed
  }

  /** Removes the folders that became empty, up to the first that did not. */
  async prune(path: string): Promise<void> {
    for (const folder of this.#foldersOf(path).toReversed()) {
      const isGone = await rmdir(folder).then(
        () => true,
        () => false,
      )
      if (!isGone) return
    }
  }

  /** In the order of keys. */
  async *walk(query: TreeQuery): AsyncGenerator<TreeEntry, void, undefined> {
    yield* this.#walk(this.#top, '', query)
  }

  async *#walk(folder: string, before: string, query: TreeQuery): AsyncGenerator<TreeEntry, void, undefined> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(absent)
    const named = (entries ?? []).flatMap((entry) => asKey(entry, before))
    for (const { key, entry } of named.toSorted((left, right) => compareKeys(left.key, right.key))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (mayHold(key, query)) yield* this.#walk(path, key, query)
      } else if (key.startsWith(query.prefix) && compareKeys(key, query.after) > 0) yield { key, path }
    }
  }

  #foldersOf(path: string): readonly string[] {
    const folders: string[] = []
    for (let folder = dirname(path); folder.length > this.#top.length; folder = dirname(folder))
      folders.unshift(folder)
    return folders
  }
}

/** Whether keys that begin with `start`, which ends with a slash, may be asked for. */
function mayHold(start: string, { prefix, after }: TreeQuery): boolean {
  if (!start.startsWith(prefix) && !prefix.startsWith(start)) return false
  return after.startsWith(start) || compareKeys(start, after) > 0
}

/** A folder's key ends with a slash, so that what is in it takes its place among the files beside it. */
function asKey(entry: Dirent, before: string): readonly { readonly key: string; readonly entry: Dirent }[] {
  const isFolder = entry.isDirectory() && entry.name.endsWith('+')
  if (!isFolder && !entry.isFile()) return []
  const name = decodeSegment(isFolder ? entry.name.slice(0, -1) : entry.name)
  return name === undefined ? [] : [{ key: `${before}${name}${isFolder ? '/' : ''}`, entry }]
}

/** A name that was made or moved in a folder survives a loss of power once the folder itself is written. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function absent(error: unknown): undefined {
  if (isErrno(error, 'ENOENT')) return undefined
  throw error
}

function known(error: unknown): false {
  if (isErrno(error, 'EEXIST')) return false
  throw error
}

function outside(folder: string): DroverError {
  return new DroverError(
    'FILE_KEY_INVALID',
    `Cannot follow ${JSON.stringify(folder)}: it is a link or no folder`,
  )
}
