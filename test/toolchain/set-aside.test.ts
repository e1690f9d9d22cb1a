// A system file that the installer replaces for a moment comes back exactly as it was.
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { withFileReplaced } from '../../scripts/parts/set-aside.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-set-aside-'))
after(() => {
  rmSync(folder, { recursive: true })
})

function original(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, 'theirs\n')
  chmodSync(path, 0o751)
  return path
}

function identity(path: string): readonly (number | string)[] {
  const { ino, mode, mtimeMs } = statSync(path)
  return [ino, mode, mtimeMs, readFileSync(path, 'utf8')]
}

test('withFileReplaced puts the very same file back, with bytes, mode and times', () => {
  const path = original('policy')
  const before = identity(path)
  withFileReplaced(path, 'ours\n', 0o755, () => {
    assert.equal(readFileSync(path, 'utf8'), 'ours\n')
    assert.equal(statSync(path).mode & 0o777, 0o755)
  })
  assert.deepEqual(identity(path), before)
})

test('withFileReplaced puts it back when the work fails', () => {
  const path = original('failing')
  const before = identity(path)
  const fail = () => {
    throw new Error('apt-get failed')
  }
  assert.throws(() => {
    withFileReplaced(path, 'ours\n', 0o755, fail)
  }, /apt-get failed/)
  assert.deepEqual(identity(path), before)
})

test('withFileReplaced removes a file that was not there before', () => {
  const path = join(folder, 'absent')
  withFileReplaced(path, 'ours\n', 0o755, () => {
    assert.equal(existsSync(path), true)
  })
  assert.equal(existsSync(path), false)
})

test('withFileReplaced first undoes what a killed run left: the original set aside', () => {
  const path = original('killed')
  const before = identity(path)
  renameSync(path, `${path}.before-drover`)
  writeFileSync(path, 'ours\n')
  withFileReplaced(path, 'ours\n', 0o755, () => undefined)
  assert.deepEqual(identity(path), before)
})

test('withFileReplaced first undoes what a killed run left: its own file where none was', () => {
  const path = join(folder, 'left')
  writeFileSync(path, 'ours\n')
  withFileReplaced(path, 'ours\n', 0o755, () => undefined)
  assert.equal(existsSync(path), false)
})
