// The lock file is whole: the pinned Node of toolchain/package.json and every native tool, for every platform.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readText } from './imports.ts'

interface Toolchain {
  readonly optionalDependencies: Readonly<Record<string, string>>
}

interface LockEntry {
  readonly version?: string
  readonly integrity?: string
  readonly os?: string | readonly string[]
  readonly cpu?: string | readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const pinned = (JSON.parse(readText('toolchain/package.json')) as Toolchain).optionalDependencies
const lock = (JSON.parse(readText('package-lock.json')) as { packages: Record<string, LockEntry> }).packages
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

for (const platform of platforms) {
  test(`npm ci brings a Node of at least 24 to ${platform}`, () => {
    const [os = '', cpu = ''] = platform.split('-')
    const name = [`node-${platform}`, `node-bin-${platform}`].find((one) => pinned[one] !== undefined)
    assert.ok(name !== undefined, 'toolchain/package.json names no package for it')
    const entry = lock[`node_modules/${name}`]
    assert.equal(entry?.version, pinned[name])
    assert.match(entry?.integrity ?? '', /^sha512-/)
    assert.deepEqual([entry?.os, entry?.cpu].flat(), [os, cpu])
    assert.ok(Number(entry?.version?.split('.')[0]) >= 24)
  })
}

test('npm ci finds every optional package of every platform in the lock file', () => {
  const names = Object.values(lock).flatMap(({ optionalDependencies }) =>
    Object.keys(optionalDependencies ?? {}),
  )
  assert.ok(names.length > 20)
  const missing = names.filter(
    (name) => !Object.keys(lock).some((path) => path.endsWith(`node_modules/${name}`)),
  )
  assert.deepEqual(missing, [], 'npm left them out: does the registry have that version for every platform?')
})
