import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentDisposition, isShownSafely, readContentType } from './content-type.ts'

test('readContentType: in small letters, parameters as they are', () => {
  assert.equal(readContentType('IMAGE/PNG', ['image/png']), 'image/png')
  assert.equal(readContentType('text/plain; charset=UTF-8', ['text/*']), 'text/plain; charset=UTF-8')
  assert.equal(readContentType(' application/vnd.a+json;v="1 2" ', ['*/*']), 'application/vnd.a+json;v="1 2"')
})

test('readContentType: refuses none, malformed ones, patterns, and those that are not accepted', () => {
  for (const type of [
    undefined,
    '',
    'png',
    'a/',
    '/b',
    'a/b/c',
    '*/*',
    'image/*',
    'a/b;',
    'a/b; c',
    'a/b\n',
    `a/${'b'.repeat(300)}`,
  ]) {
    assert.throws(() => readContentType(type, ['*/*']), { code: 'FILE_TYPE_REFUSED' }, String(type))
  }
  assert.throws(
    () => readContentType('image/svg+xml', ['image/png', 'text/*']),
    /image\/svg\+xml is none of image\/png, text\/\*/,
  )
  assert.throws(() => readContentType('imagex/png', ['image/*']), { code: 'FILE_TYPE_REFUSED' })
})

test('isShownSafely: pictures, sound, film and plain text; nothing that may hold scripts', () => {
  for (const type of ['image/png', 'audio/ogg', 'video/mp4', 'text/plain', 'text/plain; charset=utf-8'])
    assert.ok(isShownSafely(type), type)
  for (const type of ['image/svg+xml', 'text/html', 'text/xml', 'text/plainer', 'application/pdf'])
    assert.ok(!isShownSafely(type), type)
})

test('contentDisposition: names beyond ASCII come twice, and nothing in a name ends it', () => {
  assert.equal(contentDisposition('inline', 'a b.png'), 'inline; filename="a b.png"')
  assert.equal(
    contentDisposition('attachment', 'é"\r\n\\%.txt'),
    `attachment; filename="______.txt"; filename*=UTF-8''%C3%A9%22%0D%0A%5C%25.txt`,
  )
  assert.equal(
    contentDisposition('attachment', "€'()*"),
    `attachment; filename="_'()*"; filename*=UTF-8''%E2%82%AC%27%28%29%2A`,
  )
})
