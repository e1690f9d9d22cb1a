// A folder of files on a real disk: links, strangers' files, and what else may lie there.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sharedKeyRing } from '../../src/files/folder/shared-key.ts'
import { files } from '../../src/files/index.ts'
import { isDroverError } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'

const top = await mkdtemp(join(tmpdir(), 'drover-folder-'))
after(() => rm(top, { recursive: true, force: true }))
const text = { contentType: 'text/plain' }

async function folderOf(name: string) {
  const folder = join(top, name)
  const store = files(`file:${folder}`)
  await store.put('there', 'x', text)
  return { folder, store, tree: join(folder, 'tree') }
}

async function refuse(code: ErrorCode, calls: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(calls.map((call) => assert.rejects(call, (error) => isDroverError(error, code))))
}

test('a link that somebody put in place of a folder is followed by no call, and lists nothing', async () => {
  const { store, tree } = await folderOf('linked-folder')
  const outside = join(top, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'secret'), 'secret')
  await symlink(outside, join(tree, 'way+'))
  await refuse('FILE_KEY_INVALID', [
    store.put('way/secret', 'x', text),
    store.get('way/secret'),
    store.stat('way/secret'),
    store.delete('way/secret'),
    store.copy('way/secret', 'stolen'),
    store.copy('there', 'way/new/er'),
  ])
  assert.deepEqual(await readdir(outside), ['secret'])
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret')
  assert.deepEqual(
    (await store.list()).files.map(({ key }) => key),
    ['there'],
  )
})

test('a link in place of a file is no file; a put replaces the link, not what it leads to', async () => {
  const { store, tree } = await folderOf('linked-file')
  const target = join(top, 'target')
  await writeFile(target, 'target')
  await symlink(target, join(tree, 'link'))
  assert.equal(await store.get('link'), undefined)
  assert.equal(await store.stat('link'), undefined)
  await assert.rejects(store.put('link', 'x', { ...text, ifAbsent: true }), (error) =>
    isDroverError(error, 'FILE_EXISTS'),
  )
  await store.put('link', 'mine', text)
  assert.equal((await store.stat('link'))?.size, 4)
  assert.equal(await readFile(target, 'utf8'), 'target')
})

test('a link in place of what the folder is made of is refused by every call, and nothing behind it is swept', async () => {
  const outside = join(top, 'behind')
  await mkdir(outside)
  await writeFile(join(outside, 'kept'), 'kept')
  for (const part of ['tree', 'uploads']) {
    const folder = join(top, `linked-${part}`)
    await mkdir(folder)
    await symlink(outside, join(folder, part))
    const store = files(`file:${folder}`, { abandonedAfter: 1 })
    await refuse('STORE_UNAVAILABLE', [store.put('a', 'x', text), store.sweep(), store.signDownload('a')])
  }
  assert.deepEqual(await readdir(outside), ['kept'])
})

test('a folder that somebody removed is made again', async () => {
  const { folder, store } = await folderOf('removed')
  await rm(folder, { recursive: true })
  assert.equal(await store.stat('there'), undefined)
  // One call may still meet what is gone.
  await store.put('there', 'x', text).catch(() => undefined)
  await store.put('there', 'again', text)
  assert.equal((await store.stat('there'))?.size, 5)
})

test('the key that signs URLs is only read once it is there, so that a full disk still gives its files', async () => {
  const { folder } = await folderOf('signing')
  const { currentId } = await sharedKeyRing(folder, join(folder, 'uploads', 'draft'))
  const again = await sharedKeyRing(folder, join(folder, 'nowhere', 'draft'))
  assert.equal(again.currentId, currentId)
})

test('files that Drover did not write, or that were cut, are not there', async () => {
  const { folder, store, tree } = await folderOf('strangers')
  await writeFile(join(tree, 'stranger'), 'hello')
  await mkdir(join(tree, 'folder+'))
  await writeFile(join(tree, 'cut'), (await readFile(join(tree, 'there'))).subarray(1))
  for (const key of ['stranger', 'folder', 'cut']) assert.equal(await store.get(key), undefined)
  assert.deepEqual(
    (await store.list()).files.map(({ key }) => key),
    ['there'],
  )
  assert.deepEqual((await readdir(folder)).toSorted(), ['tree', 'uploads'])
})

test('keys that differ in capitals only are files of their own on any disk', async () => {
  const { store, tree } = await folderOf('capitals')
  await Promise.all(['Readme', 'README', 'readme'].map((key) => store.put(key, key, text)))
  const names = await readdir(tree)
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 4)
  assert.deepEqual(
    (await store.list()).files.map(({ key }) => key),
    ['README', 'Readme', 'readme', 'there'],
  )
})

test('who only reads makes no folder', async () => {
  const folder = join(top, 'nobody', 'wrote')
  const store = files(`file:${folder}`)
  assert.equal(await store.get('a'), undefined)
  assert.equal(await store.stat('a'), undefined)
  assert.deepEqual(await store.list(), { files: [], next: undefined })
  await store.delete('a')
  await refuse('FILE_ABSENT', [store.copy('a', 'b')])
  assert.equal(await store.sweep(), 0)
  await assert.rejects(readdir(join(top, 'nobody')), { code: 'ENOENT' })
  await store.put('a', 'x', text)
  assert.equal((await store.stat('a'))?.size, 1)
})

test('a place that is no folder is an outage with its cause, and never an absent file', async () => {
  const path = join(top, 'no-folder')
  await writeFile(path, '')
  const store = files(`file:${path}`)
  const calls = [store.get('a'), store.stat('a'), store.list(), store.put('a', 'x', text), store.sweep()]
  await refuse('STORE_UNAVAILABLE', calls)
})

test('a folder that becomes empty while another file is put into it loses nothing', async () => {
  const { store } = await folderOf('empty')
  const turns = Array.from({ length: 30 }, (_one, turn) => `deep/er/${turn % 3}`)
  await Promise.all(
    turns.map(async (key, turn) => {
      await store.put(key, 'x', text)
      await store.delete(key)
      await store.put(`deep/er/kept-${turn}`, 'x', text)
      await store.delete(`deep/er/kept-${turn}`)
    }),
  )
  await store.put('deep/er/last', 'x', text)
  assert.deepEqual(
    (await store.list()).files.map(({ key }) => key),
    ['deep/er/last', 'there'],
  )
})
