// Folders that go when all tests of their file are over. At the end of a test would be too early: node:test takes down first what was
// set up first, so that a server of the test might still write where the folder is being removed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

const folders: string[] = []

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A new folder; `name` tells whoever finds it what it was for. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `drover-${name}-`))
  folders.push(folder)
  return folder
}
