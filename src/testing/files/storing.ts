// A file that one instance stores is the same at another.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { assertRefused, contentOf, inPieces, sampleBytes, sha256Of, text } from './stage.ts'
import type { FilesCase } from './stage.ts'

/** More than one part of an upload to S3. */
const severalParts = 6 * 1024 ** 2 + 1

export const storingCases: readonly FilesCase[] = [
  {
    name: 'put: another instance has the content, its type, size and checksum at once; empty files too',
    async play({ here, there, prefix }) {
      for (const [name, content] of [
        ['empty', ''],
        ['text', 'Grüße'],
        ['bytes', sampleBytes(70_001)],
      ] as const) {
        const key = prefix + name
        const size = Buffer.byteLength(content)
        const stored = await here.put(key, content, { contentType: 'Image/PNG; a="b c"' })
        const expected = { key, size, contentType: 'image/png; a="b c"', sha256: sha256Of(content) }
        assert.deepEqual({ ...stored, modifiedAtMs: 0 }, { ...expected, modifiedAtMs: 0 })
        const found = await there.stat(key)
        assert.deepEqual({ ...found, modifiedAtMs: 0 }, { ...expected, modifiedAtMs: 0 })
        assert.ok(Math.abs((found?.modifiedAtMs ?? 0) - Date.now()) < 3_600_000)
        assert.deepEqual(await contentOf(there, key), Buffer.from(content))
      }
    },
  },
  {
    name: 'put: a stream of unknown length, larger than a part, arrives whole, and tells its progress',
    async play({ here, there, prefix }) {
      const content = sampleBytes(severalParts)
      const progress: number[] = []
      const stored = await here.put(`${prefix}large`, inPieces(content, 1_000_003), {
        contentType: 'application/octet-stream',
        onProgress: (bytes) => progress.push(bytes),
      })
      assert.equal(stored.sha256, sha256Of(content))
      assert.equal(progress.length, Math.ceil(severalParts / 1_000_003))
      assert.equal(progress.at(-1), severalParts)
      assert.equal(sha256Of(await contentOf(there, `${prefix}large`)), stored.sha256)
      const range = { start: 5 * 1024 ** 2 - 3, end: 5 * 1024 ** 2 + 3 }
      assert.deepEqual(
        await contentOf(there, `${prefix}large`, range),
        content.subarray(range.start, range.end + 1),
      )
    },
  },
  {
    name: 'put: takes Node and web streams, a Blob, bytes and text',
    async play({ here, prefix }) {
      const bodies = [
        Readable.from([Buffer.from('con'), Buffer.from('tent')]),
        new Blob(['content']).stream(),
        new Blob(['content']),
        Buffer.from('content'),
        'content',
      ]
      for (const body of bodies) {
        await here.put(`${prefix}any`, body, text)
        assert.equal(String(await contentOf(here, `${prefix}any`)), 'content')
        await here.delete(`${prefix}any`)
      }
    },
  },
  {
    name: 'put: replaces a file as a whole; one who reads the former reads it to its end',
    async play({ here, there, prefix }) {
      const key = `${prefix}replaced`
      const former = sampleBytes(300_000)
      await here.put(key, former, text)
      const reading = await there.get(key)
      await here.put(key, 'new', { contentType: 'text/html' })
      assert.equal((await there.stat(key))?.contentType, 'text/html')
      assert.equal(String(await contentOf(there, key)), 'new')
      assert.equal(sha256Of(Buffer.concat((await reading?.body.toArray()) ?? [])), sha256Of(former))
    },
  },
  {
    name: 'get and stat: undefined for what is not there, also beside and below what is',
    async play({ here, prefix }) {
      await here.put(`${prefix}there`, 'x', text)
      for (const name of ['not', 'ther', 'there/below', 'There']) {
        assert.equal(await here.stat(prefix + name), undefined)
        assert.equal(await here.get(prefix + name), undefined)
      }
    },
  },
  {
    name: 'get: a range from any byte to any byte; refused when it begins beyond the end',
    async play({ here, prefix }) {
      const key = `${prefix}range`
      await here.put(key, '0123456789', text)
      assert.equal(String(await contentOf(here, key, { start: 0, end: 0 })), '0')
      assert.equal(String(await contentOf(here, key, { start: 3, end: 5 })), '345')
      assert.equal(String(await contentOf(here, key, { start: 7 })), '789')
      assert.equal(String(await contentOf(here, key, { start: 9, end: 1_000 })), '9')
      const part = await here.get(key, { range: { start: 3, end: 5 } })
      part?.body.destroy()
      assert.equal(part?.file.size, 10)
      await assertRefused(here.get(key, { range: { start: 10 } }), 'FILE_RANGE_INVALID')
      await assertRefused(here.get(key, { range: { start: 4, end: 3 } }), 'FILE_RANGE_INVALID')
      assert.equal(await here.get(`${prefix}none`, { range: { start: 1 } }), undefined)
    },
  },
  {
    name: 'delete: gone for every instance, and no error when it is gone already',
    async play({ here, there, prefix }) {
      await here.put(`${prefix}a/b/c`, 'x', text)
      await there.delete(`${prefix}a/b/c`)
      assert.equal(await here.stat(`${prefix}a/b/c`), undefined)
      await here.delete(`${prefix}a/b/c`)
      await here.put(`${prefix}a/b`, 'y', text)
      assert.equal(String(await contentOf(there, `${prefix}a/b`)), 'y')
    },
  },
  {
    name: 'copy: content, type and checksum, which outlive the original; replaces what is there; FILE_ABSENT without one',
    async play({ here, there, prefix }) {
      const [from, to] = [`${prefix}from`, `${prefix}deep/to +%&?#`]
      await here.put(from, 'original', { contentType: 'image/webp' })
      await here.put(to, 'former', text)
      await here.copy(from, to)
      await here.copy(from, to)
      await here.delete(from)
      assert.equal(String(await contentOf(there, to)), 'original')
      const copied = await there.stat(to)
      assert.deepEqual([copied?.contentType, copied?.sha256], ['image/webp', sha256Of('original')])
      await assertRefused(here.copy(from, to), 'FILE_ABSENT')
      await assertRefused(here.copy(to, to), 'FILE_KEY_INVALID')
    },
  },
  {
    name: "list: in the order of the keys' bytes, by prefix, page after page",
    async play({ here, there, prefix }) {
      const names = ['A', 'a', 'a-b', 'a/b', 'a/c/d', 'a0', 'b', 'é', '世', '😀']
      await Promise.all(names.map((name) => here.put(prefix + name, name, text)))
      const listed = async (more: string, limit: number) => {
        const found: string[] = []
        let after: string | undefined
        do {
          const page = await there.list({
            prefix: prefix + more,
            limit,
            ...(after === undefined ? {} : { after }),
          })
          assert.ok(page.files.length <= limit)
          found.push(...page.files.map(({ key }) => key.slice(prefix.length)))
          after = page.next
        } while (after !== undefined)
        return found
      }
      assert.deepEqual(await listed('', 1_000), names)
      assert.deepEqual(await listed('', 4), names)
      assert.deepEqual(await listed('a', 2), ['a', 'a-b', 'a/b', 'a/c/d', 'a0'])
      assert.deepEqual(await listed('a/', 1_000), ['a/b', 'a/c/d'])
      assert.deepEqual(await listed('none/', 1_000), [])
      const [first] = (await there.list({ prefix, limit: 1 })).files
      assert.deepEqual([first?.key, first?.size], [`${prefix}A`, 1])
    },
  },
]
