// The entry as apps load it: `require` gives the function itself, and nothing keeps sessions in memory by default.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { drover } from './setups.ts'

const run = promisify(execFile)

interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

async function linesOf(
  fixture: string,
  { cwd, env = {}, args = [] }: Surroundings,
): Promise<readonly string[]> {
  const program = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url))
  const { NODE_ENV: _, SESSION_STORE: __, ...others } = process.env
  const { stdout } = await run(process.execPath, ['--conditions=source', program, ...args], {
    cwd,
    env: { ...others, ...env },
  })
  return stdout.trim().split('\n')
}

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'drover-entry-'))
  context.after(() => rm(path, { recursive: true }))
  return path
}

test('require gives the function, and sessions rest in the embedded SQLite from one process to the next', async (context) => {
  const cwd = await folder(context)
  const [shape, first] = await linesOf('required.cjs', { cwd })
  assert.equal(shape, 'function session function function function function')
  const [count, cookie = ''] = first?.split(' ') ?? []
  assert.equal(count, '1')
  assert.ok(existsSync(join(cwd, '.drover/sessions.db')))
  const [, second] = await linesOf('required.cjs', { cwd, args: [cookie] })
  assert.equal(second, `2 ${cookie}`)
})

test('SESSION_STORE says where sessions rest', async (context) => {
  const cwd = await folder(context)
  const env = { SESSION_STORE: `sqlite:${join(cwd, 'elsewhere.db')}` }
  const [, first] = await linesOf('required.cjs', { cwd, env })
  assert.match(first ?? '', /^1 /)
  assert.ok(existsSync(join(cwd, 'elsewhere.db')))
  assert.equal(existsSync(join(cwd, '.drover')), false)
})

for (const [env, reason] of [
  [{ NODE_ENV: 'production' }, /^OPTION_INVALID: Cannot keep sessions in memory: NODE_ENV is "production"/],
  [{ DROVER_INSTANCE: '1' }, /^OPTION_INVALID: Cannot keep sessions in memory: DROVER_INSTANCE is set/],
  [{}, /^taken$/],
] as const) {
  test(`new MemoryStore() with ${JSON.stringify(env)}: ${reason.source}`, async (context) => {
    const [same, store] = await linesOf('imported.mjs', { cwd: await folder(context), env })
    assert.equal(same, 'same true')
    assert.match(store ?? '', reason)
  })
}

test('a store that is none is refused by what it is, without a password', () => {
  const secret = 'keyboard cat'
  for (const [store, what] of [
    ['mysql://ann:secret@host/db', /^Cannot use store "mysql:\/\/\*\*\*@host\/db": wanted/],
    [{}, /^Cannot use store of type object: wanted/],
    [7, /^Cannot use store of type number: wanted/],
  ] as const) {
    assert.throws(() => drover({ secret, store: store as never }), { code: 'OPTION_INVALID', message: what })
  }
  assert.throws(() => drover({ secret, idle: '1 day' as never }), /Cannot use idle "1 day"/)
})
