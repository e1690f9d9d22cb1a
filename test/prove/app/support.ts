// Apps to be started, each in a folder of its own.
import { createHash } from 'node:crypto'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Starter } from '../../../src/prove/app/servers.ts'
import type { StarterOptions } from '../../../src/prove/app/starter.ts'
import { openStarter } from '../../../src/prove/app/starter.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const apps = fileURLToPath(new URL('apps', import.meta.url))

/** A copy of the fixture apps that goes with the tests. */
export async function makeAppFolder(): Promise<string> {
  const folder = await temporaryFolder('app')
  await cp(apps, folder, { recursive: true })
  await writeFile(join(folder, 'doomed.txt'), 'not for long')
  return folder
}

/** Closed with the test. */
export async function starterOf(test: TestContext, options: StarterOptions = {}): Promise<Starter> {
  const starter = await openStarter(options)
  test.after(() => starter.close())
  return starter
}

export async function ask(origin: string | undefined, path = '/'): Promise<string> {
  return (await fetch(`${origin}${path}`, { headers: { connection: 'close' } })).text()
}

/** Of the names and contents of all files in the folder. */
export async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).toSorted(byPath)) {
    const path = join(entry.parentPath, entry.name)
    hash.update(path)
    if (entry.isFile()) hash.update(await readFile(path))
  }
  return hash.digest('hex')
}

function byPath(
  one: { parentPath: string; name: string },
  other: { parentPath: string; name: string },
): number {
  return join(one.parentPath, one.name) < join(other.parentPath, other.name) ? -1 : 1
}
