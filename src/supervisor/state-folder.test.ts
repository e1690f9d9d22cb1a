import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { StateFolder } from './state-folder.ts'

function place(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'drover-state-'))
  t.after(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

async function taken(t: TestContext): Promise<{ readonly folder: StateFolder; readonly path: string }> {
  const path = join(place(t), 'state')
  const folder = new StateFolder(path)
  await folder.take()
  return { folder, path }
}

test('StateFolder is there again after somebody has removed it, and locked', async (t) => {
  const { folder, path } = await taken(t)
  assert.equal(folder.keep(), 'held')
  const lock = readFileSync(join(path, 'lock'), 'utf8')
  rmSync(path, { recursive: true })
  assert.throws(() => {
    folder.requireOurs()
  }, /: it was removed$/)
  assert.equal(folder.keep(), 'regained')
  assert.equal(readFileSync(join(path, 'lock'), 'utf8'), lock)
  folder.requireOurs()
  folder.release()
  assert.ok(!existsSync(join(path, 'lock')))
})

test('StateFolder leaves alone what another fleet has taken meanwhile', async (t) => {
  const { folder, path } = await taken(t)
  rmSync(path, { recursive: true })
  const other = new StateFolder(path)
  await other.take()
  assert.equal(folder.keep(), 'lost')
  assert.throws(
    () => {
      folder.requireOurs()
    },
    { code: 'STATE_UNUSABLE', message: /: another fleet has it by now$/ },
  )
  folder.release()
  assert.equal(other.keep(), 'held')
  other.release()
})

test('StateFolder says what is in its way', async (t) => {
  const path = join(place(t), 'state')
  writeFileSync(path, '')
  for (const blocked of [path, join(path, 'in it')]) {
    await assert.rejects(new StateFolder(blocked).take(), {
      code: 'STATE_UNUSABLE',
      message: `Cannot use the state folder ${JSON.stringify(blocked)}: a file is in its place`,
    })
  }
})

test('StateFolder tries again to be there as long as it cannot be', async (t) => {
  const { folder, path } = await taken(t)
  rmSync(path, { recursive: true })
  writeFileSync(path, '')
  assert.throws(() => folder.keep(), { code: 'STATE_UNUSABLE', message: /: a file is in its place$/ })
  rmSync(path)
  mkdirSync(path)
  assert.equal(folder.keep(), 'regained')
  folder.release()
})
