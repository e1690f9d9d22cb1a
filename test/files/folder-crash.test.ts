// Eight processes write into one folder at once, and are killed in the middle of an upload.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { files } from '../../src/files/index.ts'
import { answerFileRequest } from '../../src/files/signed/answer.ts'
import { until } from '../support/until.ts'

interface Told {
  readonly won?: boolean | string
  readonly stored?: string
  readonly sha256?: string
  readonly url?: string
  readonly stuck?: true
}

const program = fileURLToPath(new URL('fixtures/writer.ts', import.meta.url))

function startWriter(folder: string, name: string) {
  const child = spawn(process.execPath, ['--conditions=source', program, folder, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
  const closed = once(child, 'close')
  const told = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line): Told => JSON.parse(line))
  const kill = async () => {
    child.kill('SIGKILL')
    await closed
  }
  return { told, kill }
}

test('eight processes that are killed in mid-upload leave what they had stored, whole, and nothing else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'drover-crash-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const writers = Array.from({ length: 8 }, (_one, index) => startWriter(folder, String(index)))
  t.after(() => Promise.all(writers.map((writer) => writer.kill())))
  await until(
    'all are in mid-upload',
    () => writers.every(({ told }) => told().some(({ stuck }) => stuck)),
    60_000,
  )
  await Promise.all(writers.map((writer) => writer.kill()))
  const told = writers.flatMap((writer) => writer.told())
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
