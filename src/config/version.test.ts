import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionIn } from './version.ts'

const manifests: readonly (readonly [content: string, version: string | undefined])[] = [
  ['{"version":"1.2.3"}', '1.2.3'],
  ['{}', undefined],
  ['null', undefined],
  ['{"version":5}', undefined],
  ['{"version":""}', undefined],
  ['', undefined],
  ['not json', undefined],
]

for (const [content, version] of manifests) {
  test(`versionIn finds ${version} in ${JSON.stringify(content)}`, () => {
    assert.equal(versionIn(content), version)
  })
}
