import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyRing } from '../../tokens/key-ring.ts'
import { isBelow, readPermission, signedDownloadUrl, signedUpload } from './url.ts'

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const ring = new KeyRing([first])
const nowMs = 1_800_000_000_000
const base = '/files'

function read(url: string, keys: KeyRing = ring, atMs = nowMs) {
  return readPermission(base, keys, new URL(url, 'http://localhost'), atMs)
}

const download = signedDownloadUrl(base, ring, 'a/ü +%2F?#&=.png', {
  expiresAtMs: nowMs + 60_000,
  contentType: 'image/png',
  disposition: 'inline; filename="a&b"',
})
const upload = signedUpload(base, ring, 'up', {
  expiresAtMs: nowMs + 60_000,
  contentType: 'image/png',
  size: 7,
}).url

test('readPermission: what was signed, by any key of the ring', () => {
  const expires = nowMs / 1_000 + 60
  const rotated = new KeyRing([second, first])
  for (const keys of [ring, rotated]) {
    assert.deepEqual(read(download, keys), {
      kind: 'download',
      key: 'a/ü +%2F?#&=.png',
      disposition: 'inline; filename="a&b"',
      expires,
    })
    assert.deepEqual(read(upload, keys), {
      kind: 'upload',
      key: 'up',
      contentType: 'image/png',
      size: 7,
      expires,
    })
  }
})

test('readPermission: refused when any part is another, when the key is unknown, and from its last second on', () => {
  for (const url of [download, upload]) {
    for (let at = base.length + 1; at < url.length; at += 1) {
      const letter = url[at] === '1' ? '2' : '1'
      const changed = url.slice(0, at) + letter + url.slice(at + 1)
      assert.throws(() => read(changed), { code: 'FILE_URL_INVALID' }, changed)
    }
    assert.throws(() => read(url, new KeyRing([second])), { code: 'FILE_URL_INVALID' })
    assert.throws(() => read(url, ring, nowMs + 60_000), /expired/)
    assert.throws(() => read(`${url.split('?')[0]}`), { code: 'FILE_URL_INVALID' })
  }
  assert.throws(() => read(`${base}/%ff?expires=1&disposition=x`), { code: 'FILE_URL_INVALID' })
})

test('isBelow: paths below that of publicUrl, which may have a host', () => {
  assert.ok(isBelow('https://cdn.example/files', '/files/a'))
  for (const path of ['/files', '/filesystem/a', '/a/files/b']) assert.ok(!isBelow(base, path), path)
})
