// The app's own source files, as many as can be looked at in no time.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

export interface ScanLimits {
  readonly files: number
  readonly fileBytes: number
  readonly timeMs: number
}

export const scanLimits: ScanLimits = { files: 400, fileBytes: 300_000, timeMs: 1500 }

export interface SourceFile {
  /** Relative to the folder. */
  readonly file: string
  readonly text: string
}

const source = /\.(?:[cm]?js|[cm]?ts|jsx|tsx|py)$/
/** Not the app that runs: packages, what is built, what tests it. */
const skipped =
  /^(?:node_modules|site-packages|\..*|dist|build|out|coverage|public|static|vendor|tests?|__tests__|spec|e2e|migrations)$/
const notRun = /\.(?:test|spec|d|config|min)\.[cm]?[jt]sx?$|^(?:test_.*|.*_test|tests|conftest|setup)\.py$/
/** What a folder of Python's packages has in it, whatever its name is. */
const packages = 'pyvenv.cfg'

/** What is not looked at: what a build has written, or packages. `file`: relative to the app's folder. */
export function isLeftOut(file: string): boolean {
  return file
    .split('/')
    .slice(0, -1)
    .some((folder) => skipped.test(folder))
}

/** Nearest to the folder first; ends early at a limit, and passes over what cannot be read. */
export async function* sourcesIn(
  folder: string,
  limits: ScanLimits,
  now: () => number,
): AsyncGenerator<SourceFile> {
  const endMs = now() + limits.timeMs
  const folders = [folder]
  let count = 0
  for (let at = folders.shift(); at !== undefined; at = folders.shift()) {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => [])
    if (entries.some(({ name }) => name === packages)) continue
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (now() > endMs || count >= limits.files) return
      const path = join(at, entry.name)
      if (entry.isDirectory() && !skipped.test(entry.name)) folders.push(path)
      if (!entry.isFile() || !source.test(entry.name) || notRun.test(entry.name)) continue
      const text = await textOf(path, limits.fileBytes)
      count += 1
      if (text !== undefined) yield { file: relative(folder, path), text }
    }
  }
}

async function textOf(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    return size > maxBytes ? undefined : await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
