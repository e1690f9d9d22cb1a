// Temporary folders of proofs that were killed: processes and mounts went with them, files did not.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcess } from '../../supervisor/process-table.ts'

/** Followed by the pid of the proof. */
export const rootPrefix = 'drover-prove-'

export async function removeLeftoverFolders(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(/^drover-prove-(\d+)-/.exec(name)?.[1] ?? process.pid)
    if (pid === process.pid || (await readProcess(pid)) !== undefined) continue
    // Of another user, perhaps: then it is that user's to remove.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
}
