// Disks where there are no overlays: a copy of the app's folder for each. Packages in node_modules are hard links to one copy that
// nobody else uses, so that a big app starts fast and the user's own folder is never touched.
import { constants } from 'node:fs'
import {
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
} from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { Disk, Disks, Place } from './disk.ts'
import type { WrittenFile } from './servers.ts'

export interface CopyOptions {
  readonly cwd: string
  /** Where the copies go. */
  readonly folder: string
  /** Why there are no overlays. */
  readonly reason: string
}

export function openCopyDisks({ cwd, folder, reason }: CopyOptions): Disks {
  let pristine: Promise<string> | undefined
  const preparePristine = () => (pristine ??= copyTo(cwd, folder, copyEach))
  return {
    limits: [
      `Instances had copies of the app's folder, but not overlays of the whole disk (${reason}): files outside that folder and TMPDIR were shared.`,
      'All instances saw the same hostname, except through Node.',
    ],
    prepared: async () => asDisk(cwd, await preparePristine(), folder),
    open: async () => asDisk(cwd, await copyTo(await preparePristine(), folder, linkPackages), folder),
    async close() {
      if (pristine !== undefined) await remove(await pristine)
    },
  }
}

async function asDisk(cwd: string, copy: string, folder: string): Promise<Disk> {
  const temporary = await mkdtemp(join(folder, 'tmp-'))
  const before = await listFiles(copy)
  const place: Place = {
    enter: [],
    cwd: copy,
    env: { TMPDIR: temporary, PWD: copy },
    enterNetwork: undefined,
    translate: (text) => text.replaceAll(`${cwd}/`, `${copy}/`),
  }
  return {
    enter(_, network) {
      if (network === 'own')
        return Promise.reject(new Error('a network of its own needs the namespaces of Linux'))
      return Promise.resolve(place)
    },
    async writtenFiles() {
      const outside = await listFiles(temporary, (path) => path)
      return [...compareFiles(before, await listFiles(copy)), ...compareFiles(new Map(), outside)]
    },
    async readFile(path) {
      return readFile(resolve(copy, path)).catch(() => undefined)
    },
    async close() {
      await Promise.all([remove(copy), remove(temporary)])
    },
  }
}

interface FileFacts {
  readonly sizeBytes: number
  readonly modifiedAtMs: number
  /** Tells a file that was replaced by one of the same size and time. */
  readonly identity: string
}

function compareFiles(
  before: ReadonlyMap<string, FileFacts>,
  now: ReadonlyMap<string, FileFacts>,
): readonly WrittenFile[] {
  const changes: WrittenFile[] = []
  for (const [path, { sizeBytes, modifiedAtMs, identity }] of now) {
    const old = before.get(path)
    if (old?.sizeBytes === sizeBytes && old.modifiedAtMs === modifiedAtMs && old.identity === identity)
      continue
    changes.push({ path, change: old === undefined ? 'added' : 'changed', sizeBytes, modifiedAtMs })
  }
  for (const path of before.keys()) {
    if (!now.has(path)) changes.push({ path, change: 'deleted', sizeBytes: 0, modifiedAtMs: undefined })
  }
  return changes
}

/** By their path inside `root`, or as `nameOf` has it. */
async function listFiles(
  root: string,
  nameOf: (path: string) => string = (path) => relative(root, path),
): Promise<ReadonlyMap<string, FileFacts>> {
  const files = new Map<string, FileFacts>()
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) folders.push(path)
      else await note(path)
    }
  }
  return files

  async function note(path: string): Promise<void> {
    const facts = await lstat(path).catch(() => undefined)
    // Gone since it was listed.
    if (facts === undefined) return
    files.set(nameOf(path), {
      sizeBytes: facts.size,
      modifiedAtMs: facts.mtimeMs,
      identity: String(facts.ino),
    })
  }
}

type CopyOne = (from: string, to: string) => Promise<void>

async function copyTo(from: string, folder: string, copyOne: CopyOne): Promise<string> {
  const to = await mkdtemp(join(folder, 'copy-'))
  await copyFolder(from, to, copyOne)
  return to
}

async function copyFolder(from: string, to: string, copyOne: CopyOne): Promise<void> {
  await mkdir(to, { recursive: true })
  // In portions, as there is a limit to open files.
  const entries = (await readdir(from, { withFileTypes: true })).filter(({ name }) => name !== '.git')
  for (let start = 0; start < entries.length; start += 32) {
    await Promise.all(
      entries.slice(start, start + 32).map(async (entry) => {
        const [source, target] = [join(from, entry.name), join(to, entry.name)]
        if (entry.isDirectory()) await copyFolder(source, target, copyOne)
        else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
        else if (entry.isFile()) await copyOne(source, target)
      }),
    )
  }
}

/** Shares the blocks where the file system can. */
function copyEach(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_FICLONE)
}

// Folders such as node_modules/.cache are written to while the app runs; those of packages are not.
const packageFile = /\/node_modules\/(?!\.(?!bin\/|pnpm\/))/

function linkPackages(from: string, to: string): Promise<void> {
  return packageFile.test(from) ? link(from, to).catch(() => copyEach(from, to)) : copyEach(from, to)
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
