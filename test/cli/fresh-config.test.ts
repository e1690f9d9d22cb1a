// The configuration read again, in a process of its own.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readFreshConfig } from '../../src/config/fresh-read.ts'

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'drover-fresh-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const write = async (changed: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(changed)) await writeFile(join(folder, name), content)
  }
  await write(files)
  const request = {
    flags: { command: ['node', 's.ts'] },
    configPath: undefined,
    environment: { ...process.env, LEVEL: 'low' },
    currentDir: folder,
  }
  return { request, write }
}

test('readFreshConfig reads the file, what it imports and the environment as they are now', async (t) => {
  const config = `import { parked } from './limits.ts'
export default { limits: { parked }, env: { LEVEL: process.env.LEVEL, GONE: undefined } }`
  const { request, write } = await folderWith(t, {
    'drover.config.ts': config,
    'limits.ts': 'export const parked = 1',
  })
  const first = await readFreshConfig(request)
  assert.deepEqual(first.limits, { parked: 1 })
  assert.deepEqual(first.env, { LEVEL: 'low', GONE: undefined })
  assert.deepEqual(first.command, ['node', 's.ts'])
  await write({ 'limits.ts': 'export const parked = 2' })
  assert.deepEqual((await readFreshConfig(request)).limits, { parked: 2 })
})

test('readFreshConfig says what is wrong, and that a config file hangs or ends its process', async (t) => {
  const { request, write } = await folderWith(t, { 'drover.config.ts': 'export default { port: "x" }' })
  await assert.rejects(readFreshConfig(request), {
    code: 'OPTION_INVALID',
    message: 'Cannot use port "x" in drover.config.ts: wanted a whole number from 0 to 65535',
  })
  const unfinished = {
    code: 'OPTION_INVALID',
    message: 'Cannot read the configuration: it did not come to an end',
  }
  await write({ 'drover.config.ts': 'process.exit(0)' })
  await assert.rejects(readFreshConfig(request), unfinished)
  await write({ 'drover.config.ts': 'for (;;);' })
  await assert.rejects(readFreshConfig(request, 500), unfinished)
})
