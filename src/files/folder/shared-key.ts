// The key of a folder whose app named none: made by the first instance that needs one, the same for all.
import { randomBytes } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { readKeyRing } from '../../tokens/key-ring.ts'
import type { KeyRing } from '../../tokens/key-ring.ts'
import { isErrno } from './errno.ts'
import { syncFolder } from './tree.ts'

/** Instances that start together each write one, at `draft`; that of the first to link it stays. */
export async function sharedKeyRing(folder: string, draft: string): Promise<KeyRing> {
  const path = join(folder, 'keys')
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await file.sync()
    await link(draft, path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error
    })
    await syncFolder(folder)
  } finally {
    await file.close()
    await unlink(draft)
  }
  return readKeyRing('keys', `file:${path}`)
}
