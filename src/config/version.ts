// Names the code that runs: git's short commit, else package.json's version, else "1".
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaults } from './options.ts'

const run = promisify(execFile)
/** Git on a dead network file system must not hold the start. */
const gitTimeoutMs = 2_000

/** The label of the code in `folder`. Never rejects: a missing label is no reason not to start. */
export async function readVersion(folder: string): Promise<string> {
  return (await gitCommit(folder)) ?? (await packageVersion(folder)) ?? defaults.version
}

async function gitCommit(folder: string): Promise<string | undefined> {
  const args = ['-C', folder, 'rev-parse', '--short', 'HEAD']
  const result = await run('git', args, { timeout: gitTimeoutMs, maxBuffer: 4_096 }).catch(() => undefined)
  const commit = result?.stdout.trim() ?? ''
  return /^[0-9a-f]{4,64}$/.test(commit) ? commit : undefined
}

async function packageVersion(folder: string): Promise<string | undefined> {
  const content = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  return versionIn(content)
}

/** The version a package.json states; undefined when it states none or is not JSON. */
export function versionIn(content: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(content)
    const version: unknown =
      manifest !== null && typeof manifest === 'object' ? Reflect.get(manifest, 'version') : undefined
    return typeof version === 'string' && /^\S{1,64}$/.test(version) ? version : undefined
  } catch {
    // Not JSON, or no file: there is no version to tell.
    return undefined
  }
}
