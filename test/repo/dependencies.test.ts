// What is shipped imports exactly what package.json declares; what is not shipped imports only what is installed here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, isTest, listFiles, root } from './imports.ts'
import { packageOf, readManifest } from './manifest.ts'

const manifest = readManifest()

function packagesIn(paths: readonly string[]): Set<string> {
  const specifiers = paths.flatMap(importsOf).filter(({ to }) => to === undefined)
  const names = specifiers.map(({ specifier }) => packageOf(specifier))
  return new Set(names.filter((name) => !name.startsWith('node:') && name !== 'drover'))
}

const shipped = packagesIn(listFiles('src/**/*.ts').filter((path) => !isTest(path)))
const unshipped = packagesIn([
  ...listFiles('src/**/*.test.ts'),
  ...listFiles('{test,scripts,examples}/**/*.{ts,js}').filter((path) => !path.includes('node_modules')),
])

test('src imports only node: modules, dependencies and peer dependencies', () => {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  assert.deepEqual(
    [...shipped].filter((name) => declared[name] === undefined),
    [],
  )
})

test('every dependency and peer dependency is imported by src', () => {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  assert.ok(declared.length > 0)
  assert.deepEqual(
    declared.filter((name) => !shipped.has(name)),
    [],
  )
})

test('every peer dependency is optional: an app that does not use it need not have it', () => {
  const required = Object.keys(manifest.peerDependencies).filter(
    (name) => manifest.peerDependenciesMeta[name]?.optional !== true,
  )
  assert.deepEqual(required, [])
})

test('tests, scripts and examples import only what package.json declares', () => {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies }
  assert.ok(unshipped.size > 0)
  assert.deepEqual(
    [...unshipped].filter((name) => declared[name] === undefined),
    [],
  )
})

test('development dependencies are pinned exactly, and none of them replaces node in scripts', () => {
  const loose = Object.entries(manifest.devDependencies).filter(
    ([, range]) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(range),
  )
  assert.deepEqual(loose, [])
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies }
  assert.deepEqual(
    Object.keys(all).filter((name) => name === 'node' || /^node-(bin-)?(linux|darwin|win)/.test(name)),
    [],
    `the pinned Node belongs into ${root}toolchain/package.json`,
  )
})
