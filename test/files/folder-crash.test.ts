// Eight processes write into one folder at once, and are killed in the middle of an upload.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { files } from '../../src/files/index.ts'
import { answerFileRequest } from '../../src/files/signed/answer.ts'
import { startFixture } from '../support/fixture.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Told {
  readonly won?: boolean | string
  readonly stored?: string
  readonly sha256?: string
  readonly url?: string
}

const program = new URL('fixtures/writer.ts', import.meta.url)
const stuck = '{"stuck":true}'

test('eight processes that are killed in mid-upload leave what they had stored, whole, and nothing else', async (t) => {
  const folder = await temporaryFolder('crash')
  const writers = Array.from({ length: 8 }, (_one, index) => startFixture(program, [folder, String(index)]))
  t.after(() => Promise.all(writers.map((writer) => writer.stop())))
  // All are in mid-upload.
  await Promise.all(writers.map((writer) => writer.printed(stuck, 60_000)))
  await Promise.all(writers.map((writer) => writer.stop()))
  const told = writers.flatMap(({ lines }) => lines.map((line): Told => JSON.parse(line)))
  const store = files(`file:${folder}`)

  assert.equal(
    told.filter(({ won }) => won === true).length,
    1,
    'one of eight stored what was to be stored once',
  )
  assert.equal(told.filter(({ won }) => won === false).length, 7)
  const acknowledged = told.flatMap(({ stored, sha256 }) =>
    stored === undefined ? [] : [[stored, sha256] as const],
  )
  assert.equal(acknowledged.length, 24)
  const { files: listed } = await store.list()
  assert.deepEqual(
    listed.map(({ key }) => key),
    [...acknowledged.map(([key]) => key), 'once', 'shared'].toSorted(),
  )
  for (const { key, size } of listed) {
    const found = await store.get(key, { verify: true })
    assert.equal(Buffer.concat((await found?.body.toArray()) ?? []).length, size)
  }
  for (const [key, sha256] of acknowledged) assert.equal((await store.stat(key))?.sha256, sha256)

  // Every process signs with the key of whoever was first.
  for (const { url } of told.filter((one) => one.url !== undefined)) {
    const request = { method: 'HEAD', url: url ?? '', header: () => undefined, body: () => '' }
    assert.equal((await answerFileRequest(store, request))?.status, 200)
  }

  assert.equal((await readdir(join(folder, 'uploads'))).length, 8)
  assert.equal(await store.sweep(), 0, 'uploads that may still be under way stay')
  assert.equal(await files(`file:${folder}`, { abandonedAfter: 1 }).sweep(), 8)
  assert.deepEqual(await readdir(join(folder, 'uploads')), [])
})
