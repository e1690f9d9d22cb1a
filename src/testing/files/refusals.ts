// What is refused, cut or given up leaves nothing, and what was there before stays.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { ErrorCode } from '../../base/errors.ts'
import { isDroverError } from '../../base/errors.ts'
import type { FileBody } from '../../files/content.ts'
import type { PutOptions } from '../../files/files.ts'
import { assertRefused, contentOf, inPieces, sampleBytes, sha256Of, text } from './stage.ts'
import type { FilesCase } from './stage.ts'

const severalParts = 6 * 1024 ** 2

/** Gives some bytes and then fails, as a connection does that is lost. */
async function* cutAfter(bytes: number): AsyncGenerator<Buffer, void, undefined> {
  yield* inPieces(sampleBytes(bytes), 500_000)
  throw new Error('connection lost')
}

/** Gives some bytes and then none. */
function stalling(): Readable {
  const stream = new Readable({ read: () => undefined })
  stream.push('some')
  return stream
}

const badKeys = [
  '',
  '/etc/passwd',
  '../up',
  'a/../b',
  'a/./b',
  'a//b',
  'a/',
  'C:/x',
  'a\\b',
  'a\0b',
  'a\nb',
  'a\u202eb',
  'a\u200bb',
  'e\u0301',
  '\ud800',
  ' a',
  'a/b ',
  'a'.repeat(251),
  'A'.repeat(126),
  'a/'.repeat(512) + 'b',
] as const

export const refusalCases: readonly FilesCase[] = [
  {
    name: 'keys: whatever is no plain relative path in NFC is refused by every call',
    async play({ here }) {
      for (const key of badKeys) {
        const calls = [
          here.put(key, 'x', text),
          here.get(key),
          here.stat(key),
          here.delete(key),
          here.copy(key, 'to'),
          here.copy('from', key),
          here.signDownload(key),
          here.signUpload(key, { ...text, size: 1 }),
          here.list({ after: key }),
        ]
        await Promise.all(calls.map((call) => assertRefused(call, 'FILE_KEY_INVALID')))
      }
    },
  },
  {
    name: 'put: cut, stalled, given up, too large, too short or with a wrong checksum, it leaves what was there before',
    async play({ here, open, prefix }) {
      const impatient = open({ idleTimeout: '100ms' })
      const giveUp = new AbortController()
      const given: readonly (readonly [ErrorCode, FileBody, Partial<PutOptions>])[] = [
        ['FILE_INCOMPLETE', cutAfter(1_000), {}],
        ['FILE_INCOMPLETE', cutAfter(severalParts), {}],
        ['FILE_INCOMPLETE', stalling(), {}],
        ['FILE_INCOMPLETE', stalling(), { signal: giveUp.signal, onProgress: () => giveUp.abort() }],
        ['FILE_INCOMPLETE', 'some', { size: 5 }],
        ['FILE_TOO_LARGE', 'some', { maxBytes: 3 }],
        ['FILE_TOO_LARGE', 'some', { size: 3 }],
        ['FILE_TOO_LARGE', inPieces(sampleBytes(severalParts), 1_000_000), { maxBytes: severalParts - 1 }],
        ['FILE_CHECKSUM_WRONG', 'some', { sha256: sha256Of('other') }],
        ['FILE_TYPE_REFUSED', 'some', { contentType: '' }],
      ]
      await here.put(`${prefix}former`, 'former', text)
      for (const [code, body, options] of given) {
        const files = code === 'FILE_INCOMPLETE' ? impatient : here
        await assertRefused(files.put(`${prefix}former`, body, { ...text, ...options }), code)
      }
      await assertRefused(here.put(`${prefix}new`, cutAfter(10), text), 'FILE_INCOMPLETE')
      const { files } = await here.list({ prefix })
      assert.deepEqual(
        files.map(({ key, size }) => [key, size]),
        [[`${prefix}former`, 6]],
      )
      assert.equal(String(await contentOf(here, `${prefix}former`)), 'former')
    },
  },
  {
    name: 'put: what is no body, was read before or has no such size is refused, and never stored as an empty file',
    async play({ here, prefix }) {
      const key = `${prefix}none`
      const spent = Readable.from(['some'])
      await spent.toArray()
      const response = new Response('some')
      const read = response.body
      await response.text()
      const bodies: readonly FileBody[] = JSON.parse('[null, 5, true, {}]')
      for (const body of bodies) await assertRefused(here.put(key, body, text), 'OPTION_INVALID')
      for (const body of [spent, read ?? ''])
        await assertRefused(here.put(key, body, text), 'FILE_INCOMPLETE')
      for (const size of [-1, 0.5, Number.NaN]) {
        await assertRefused(here.put(key, 'some', { ...text, size }), 'OPTION_INVALID')
      }
      assert.equal(await here.stat(key), undefined)
    },
  },
  {
    name: 'put: a checksum that was given right is kept, also with a file of several parts',
    async play({ here, there, prefix }) {
      const content = sampleBytes(severalParts)
      await here.put(`${prefix}sum`, inPieces(content, 1_000_000), {
        ...text,
        sha256: sha256Of(content).toUpperCase(),
      })
      assert.equal((await there.stat(`${prefix}sum`))?.sha256, sha256Of(content))
      const found = await there.get(`${prefix}sum`, { verify: true })
      assert.equal(sha256Of(Buffer.concat((await found?.body.toArray()) ?? [])), sha256Of(content))
    },
  },
  {
    name: 'content types: must be declared, well-formed and accepted; what is kept is what was declared',
    async play({ here, open, prefix }) {
      const key = `${prefix}typed`
      for (const contentType of [
        '',
        'png',
        'image/',
        'image/*',
        '*/*',
        'text/html\r\nx: y',
        'a/b;c',
        'a/b; c="d',
      ]) {
        await assertRefused(here.put(key, 'x', { contentType }), 'FILE_TYPE_REFUSED')
        await assertRefused(here.signUpload(key, { contentType, size: 1 }), 'FILE_TYPE_REFUSED')
      }
      const pictures = open({ accept: ['image/*', 'text/plain'] })
      await assertRefused(pictures.put(key, 'x', { contentType: 'text/html' }), 'FILE_TYPE_REFUSED')
      await pictures.put(key, '<html><script>', { contentType: 'image/png' })
      assert.equal((await pictures.stat(key))?.contentType, 'image/png')
    },
  },
  {
    name: 'put with ifAbsent: the first stays, of eight at once exactly one; or refused, where the place cannot decide it',
    async play({ here, there, harness, prefix }) {
      const key = `${prefix}once`
      const put = (files: typeof here, content: string) =>
        files.put(key, content, { ...text, ifAbsent: true })
      if (!harness.isConditional) {
        await assertRefused(put(here, 'x'), 'FILE_CONDITION_UNSUPPORTED')
        assert.deepEqual((await here.list({ prefix })).files, [])
        return
      }
      const racers = Array.from({ length: 8 }, (_one, index) =>
        put(index % 2 === 0 ? here : there, String(index)),
      )
      const results = await Promise.allSettled(racers)
      const winner = results.findIndex(({ status }) => status === 'fulfilled')
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal(String(await contentOf(there, key)), String(winner))
      await assertRefused(put(there, 'late'), 'FILE_EXISTS')
      await here.delete(key)
      await put(there, 'again')
    },
  },
  {
    name: 'put with ifAbsent: a file of several parts is stored where there is none, or refused, and overwrites nothing',
    async play({ here, there, harness, prefix }) {
      const put = (files: typeof here, key: string) =>
        files.put(prefix + key, inPieces(sampleBytes(severalParts), 1_000_000), { ...text, ifAbsent: true })
      await here.put(`${prefix}former`, 'former', text)
      const isStored = await put(here, 'large').then(
        () => true,
        (error: unknown) => {
          assert.ok(isDroverError(error, 'FILE_CONDITION_UNSUPPORTED'), String(error))
          return false
        },
      )
      assert.ok(isStored || harness.isConditionalInParts !== true)
      assert.equal((await there.stat(`${prefix}large`))?.size, isStored ? severalParts : undefined)
      const refusal = isStored ? 'FILE_EXISTS' : 'FILE_CONDITION_UNSUPPORTED'
      await assertRefused(put(there, 'former'), refusal)
      assert.equal(String(await contentOf(there, `${prefix}former`)), 'former')
    },
  },
]
