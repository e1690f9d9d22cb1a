// The key of a folder whose app named none: made by the first instance that needs one, the same for all.
import { randomBytes } from 'node:crypto'
import { link, open, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readKeyRing } from '../../tokens/key-ring.ts'
import type { KeyRing } from '../../tokens/key-ring.ts'
import { isErrno } from './errno.ts'
import { syncFolder } from './tree.ts'

export async function sharedKeyRing(folder: string, draft: string): Promise<KeyRing> {
  const path = join(folder, 'keys')
  // One that is there is only read, also where nothing can be written: a full disk still gives its files.
  if (!(await isThere(path))) await makeKey(path, draft)
  return readKeyRing('keys', `file:${path}`)
}

/** Instances that start together each write one, at `draft`; that of the first to link it stays. */
async function makeKey(path: string, draft: string): Promise<void> {
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await file.sync()
    await link(draft, path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error
    })
    await syncFolder(dirname(path))
  } finally {
    await file.close()
    await unlink(draft)
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
