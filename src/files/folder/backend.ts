// Files in a folder that all instances of one machine share.
import { link, lstat, mkdir, realpath, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DroverError } from '../../base/errors.ts'
import { KeyRing, readKeyRing } from '../../tokens/key-ring.ts'
import type {
  ByteRange,
  DownloadGrant,
  FileBackend,
  FilePage,
  FileQuery,
  FileWrite,
  ListedFile,
  ReadFile,
  SignedUpload,
  StoredFile,
  UploadGrant,
} from '../backend.ts'
import type { Content } from '../content.ts'
import type { FilesSettings } from '../options.ts'
import { taken } from '../taken.ts'
import { rangeBeyond } from '../range.ts'
import { signedDownloadUrl, signedUpload } from '../signed/url.ts'
import { isErrno } from './errno.ts'
import { bodyOf, openFile, storedFile } from './opened.ts'
import { sharedKeyRing } from './shared-key.ts'
import { FileTree, syncFolder } from './tree.ts'
import { Uploads } from './uploads.ts'

interface Place {
  readonly top: string
  readonly tree: FileTree
  readonly uploads: Uploads
}

const defaultAbandonedAfterMs = 15 * 60_000
const parts = ['tree', 'uploads'] as const
/** How often a folder may be removed, as empty, between being made and getting its file. */
const attempts = 200

export class FolderBackend implements FileBackend {
  readonly #folder: string
  readonly #settings: FilesSettings
  #place: Place | undefined
  #made: Promise<Place> | undefined
  #ring: Promise<KeyRing> | undefined

  /** Makes the folder on first use. Throws OPTION_INVALID for keys that are none. */
  constructor(folder: string, settings: FilesSettings) {
    this.#folder = folder
    this.#settings = settings
    const { keys } = settings
    if (keys !== undefined)
      this.#ring = Promise.resolve(keys instanceof KeyRing ? keys : readKeyRing('keys', keys))
  }

  write(key: string, content: Content, write: FileWrite): Promise<void> {
    return this.#writing(async ({ tree, uploads }) => {
      const upload = await uploads.receive(content, write.contentType)
      try {
        await settle(tree, tree.pathOf(key), (path) =>
          write.ifAbsent ? link(upload, path) : rename(upload, path),
        )
      } catch (error) {
        throw isErrno(error, 'EEXIST') ? taken(key) : error
      } finally {
        await unlink(upload).catch(() => undefined)
      }
    })
  }

  read(key: string, range: ByteRange | undefined): Promise<ReadFile | undefined> {
    return this.#reading(undefined, async ({ tree }) => {
      const opened = await openFile(tree, tree.pathOf(key))
      if (opened === undefined) return undefined
      const { handle, record } = opened
      const file = storedFile(key, opened)
      if (range !== undefined && range.start >= record.size) {
        await handle.close()
        throw rangeBeyond(key, range, record.size)
      }
      return { file, body: await bodyOf(handle, record.size, range) }
    })
  }

  stat(key: string): Promise<StoredFile | undefined> {
    return this.#reading(undefined, async ({ tree }) => {
      const opened = await openFile(tree, tree.pathOf(key))
      await opened?.handle.close()
      return opened === undefined ? undefined : storedFile(key, opened)
    })
  }

  list({ prefix, after = '', limit }: FileQuery): Promise<FilePage> {
    return this.#reading({ files: [], next: undefined }, async ({ tree }) => {
      const files: ListedFile[] = []
      for await (const { key, path } of tree.walk({ prefix, after })) {
        const opened = await openFile(tree, path)
        await opened?.handle.close()
        if (opened === undefined) continue
        if (files.length === limit) return { files, next: files.at(-1)?.key }
        files.push({ key, size: opened.record.size, modifiedAtMs: opened.modifiedAtMs })
      }
      return { files, next: undefined }
    })
  }

  delete(key: string): Promise<void> {
    return this.#reading(undefined, async ({ tree }) => {
      const path = tree.pathOf(key)
      await tree.assertInside(path)
      try {
        await unlink(path)
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return
        throw error
      }
      await syncFolder(dirname(path)).catch(unlessGone)
      await tree.prune(path)
    })
  }

  /** A second name for the same bytes: files are never changed, only replaced. */
  copy(from: string, to: string): Promise<boolean> {
    return this.#reading(false, async ({ tree, uploads }) => {
      const source = tree.pathOf(from)
      const opened = await openFile(tree, source)
      await opened?.handle.close()
      if (opened === undefined) return false
      const draft = uploads.newPath()
      try {
        await link(source, draft)
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return false
        throw error
      }
      try {
        await settle(tree, tree.pathOf(to), (path) => rename(draft, path))
        return true
      } finally {
        // A rename between two names of one file does nothing, by POSIX.
        await unlink(draft).catch(() => undefined)
      }
    })
  }

  async signDownload(key: string, grant: DownloadGrant): Promise<string> {
    return signedDownloadUrl(this.#settings.publicUrl, await this.keyRing(), key, grant)
  }

  async signUpload(key: string, grant: UploadGrant): Promise<SignedUpload> {
    return signedUpload(this.#settings.publicUrl, await this.keyRing(), key, grant)
  }

  /** The keys that sign this folder's URLs. */
  keyRing(): Promise<KeyRing> {
    return this.#writing(({ top, uploads }) => {
      this.#ring ??= sharedKeyRing(top, uploads.newPath()).catch((error: unknown) => {
        // What could not be read may be readable the next time.
        this.#ring = undefined
        throw error
      })
      return this.#ring
    })
  }

  sweep(): Promise<number> {
    return this.#reading(0, ({ uploads }) =>
      uploads.sweep(Date.now() - (this.#settings.abandonedAfterMs ?? defaultAbandonedAfterMs)),
    )
  }

  async close(): Promise<void> {
    // Nothing is held between calls.
  }

  /** In a folder that nobody has made yet nothing is there: who only reads makes none. */
  #reading<Result>(nothing: Result, work: (place: Place) => Promise<Result>): Promise<Result> {
    return orOutage(async () => {
      const place = (this.#place ??= await findPlace(this.#folder))
      return place === undefined ? nothing : work(place)
    })
  }

  #writing<Result>(work: (place: Place) => Promise<Result>): Promise<Result> {
    return orOutage(async () => {
      this.#made ??= makePlace(this.#folder)
      try {
        return await work(await this.#made)
      } catch (error) {
        // What could not be made may be possible the next time, and what somebody removed is made again.
        if (!(error instanceof DroverError)) this.#made = undefined
        throw error
      }
    })
  }
}

/** What fails by the disk is an outage, not an absent file. */
async function orOutage<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DroverError) throw error
    throw new DroverError('STORE_UNAVAILABLE', 'Cannot reach the folder of files', { cause: error })
  }
}

/** The folder itself may be reached by a link, which its owner made; what is in it may not. */
async function findPlace(folder: string): Promise<Place | undefined> {
  try {
    const top = await realpath(folder)
    for (const part of parts) {
      const path = join(top, part)
      if ((await lstat(path)).isSymbolicLink()) throw new Error(`${path} is a link`)
    }
    return { top, tree: new FileTree(join(top, 'tree')), uploads: new Uploads(join(top, 'uploads')) }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function makePlace(folder: string): Promise<Place> {
  for (const part of parts) await mkdir(join(folder, part), { recursive: true, mode: 0o700 })
  const place = await findPlace(folder)
  if (place === undefined) throw new Error('the folder of files is gone again')
  return place
}

/**
 * Gives a finished upload its name. Who deletes may remove an empty folder in between, so nothing slow is done there: the
 * names are brought to the disk afterwards.
 */
async function settle(tree: FileTree, path: string, name: (path: string) => Promise<void>): Promise<void> {
  const changed = new Set([dirname(path)])
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const folder of await tree.makeWay(path)) changed.add(folder)
      await name(path)
      break
    } catch (error) {
      if (attempt === attempts || !isErrno(error, 'ENOENT')) throw error
    }
  }
  // One that is gone again took the name along.
  for (const folder of changed) await syncFolder(folder).catch(unlessGone)
}

function unlessGone(error: unknown): void {
  if (!isErrno(error, 'ENOENT')) throw error
}
