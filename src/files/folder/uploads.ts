// Uploads that are under way: files beside the tree, on the same file system, where nobody looks for files.
import { randomUUID } from 'node:crypto'
import { open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Content } from '../content.ts'
import { isErrno } from './errno.ts'
import { encodeRecord } from './record.ts'

export class Uploads {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A path that nobody has. */
  newPath(): string {
    return join(this.#folder, randomUUID())
  }

  /** Writes all of `content` and its record to the disk itself; resolves to where. Leaves nothing when it rejects. */
  async receive(content: Content, contentType: string): Promise<string> {
    const path = this.newPath()
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of content) await file.writeFile(chunk)
      await file.writeFile(encodeRecord({ size: content.size, contentType, sha256: content.sha256 }))
      await file.sync()
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw error
    } finally {
      await file.close()
    }
    return path
  }

  /**
   * Removes those that got no byte since `beforeMs`: nobody writes them any more, since a stalled upload is given up long
   * before. One whose process merely slept fails when it wakes, because it finds its file gone. Resolves to how many.
   */
  async sweep(beforeMs: number): Promise<number> {
    let removed = 0
    for (const name of await readdir(this.#folder).catch(none)) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found === undefined || found.mtimeMs >= beforeMs) continue
      if (
        await unlink(path).then(
          () => true,
          () => false,
        )
      )
        removed += 1
    }
    return removed
  }
}

function none(error: unknown): readonly string[] {
  if (isErrno(error, 'ENOENT')) return []
  throw error
}
