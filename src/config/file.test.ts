import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadConfigFile } from './file.ts'

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-config-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

for (const name of ['drover.config.ts', 'drover.config.mjs']) {
  test(`loadConfigFile finds ${name} in the current folder`, async (t) => {
    const folder = await folderWith(t, { [name]: 'export default { instances: 4 }' })
    const file = await loadConfigFile(folder)
    assert.equal(file?.name, name)
    assert.equal(file.folder, folder)
    assert.deepEqual(file.options, { instances: 4 })
  })
}

test('loadConfigFile finds nothing in a folder without a config', async (t) => {
  assert.equal(await loadConfigFile(await folderWith(t, {})), undefined)
})

test('loadConfigFile will not choose between two configs', async (t) => {
  const folder = await folderWith(t, {
    'drover.config.ts': 'export default {}',
    'drover.config.mjs': 'export default {}',
  })
  await assert.rejects(loadConfigFile(folder), {
    code: 'OPTION_INVALID',
    message:
      'Cannot choose between drover.config.ts and drover.config.mjs: wanted only one of them, or --config FILE',
  })
  const chosen = await loadConfigFile(folder, 'drover.config.mjs')
  assert.equal(chosen?.name, 'drover.config.mjs')
})

const failures: readonly (readonly [title: string, content: string, message: RegExp])[] = [
  ['throws', '\n\nthrow new Error("no\\nway")', /^Cannot load c\.ts:3: no$/],
  ['throws something else', 'throw 5', /^Cannot load c\.ts: 5$/],
  ['is not TypeScript', 'export default {\n  port: =\n}', /^Cannot load c\.ts(:\d+)?: .+$/],
  ['imports what is missing', 'import "./gone.ts"', /^Cannot load c\.ts: Cannot find module .+$/],
  ['has no default export', 'export const port = 1', /^Cannot use c\.ts: .*it has no default export$/],
  ['states a bad option', 'export default { port: "x" }', /^Cannot use port "x" in c\.ts: wanted a whole/],
]

for (const [title, content, message] of failures) {
  test(`loadConfigFile says in one line that a config ${title}`, async (t) => {
    const folder = await folderWith(t, { 'c.ts': content })
    await assert.rejects(loadConfigFile(folder, 'c.ts'), { code: 'OPTION_INVALID', message })
  })
}

for (const given of ['gone.ts', '', '.']) {
  test(`loadConfigFile refuses --config "${given}" where there is no such file`, async (t) => {
    await assert.rejects(loadConfigFile(await folderWith(t, {}), given), {
      message: `Cannot use --config "${given}": wanted a file such as drover.config.ts`,
    })
  })
}
