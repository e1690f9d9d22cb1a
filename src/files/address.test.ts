import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFilesAddress } from './address.ts'

test('readFilesAddress: folders, buckets of S3 and of Google', () => {
  assert.deepEqual(readFilesAddress('file:.drover/files'), { kind: 'folder', folder: '.drover/files' })
  assert.deepEqual(readFilesAddress('file:///var/files'), { kind: 'folder', folder: '/var/files' })
  const bucket = {
    kind: 'bucket',
    bucket: 'shop',
    prefix: '',
    endpoint: undefined,
    region: 'us-east-1',
    isPathStyle: false,
  }
  assert.deepEqual(readFilesAddress('s3://shop'), bucket)
  assert.deepEqual(readFilesAddress('s3://shop/a/b%20c/?region=eu-west-1'), {
    ...bucket,
    prefix: 'a/b c',
    region: 'eu-west-1',
  })
  assert.deepEqual(readFilesAddress('s3://shop?endpoint=http://127.0.0.1:9000'), {
    ...bucket,
    endpoint: 'http://127.0.0.1:9000/',
    isPathStyle: true,
  })
  assert.deepEqual(readFilesAddress('gs://shop/x'), {
    ...bucket,
    prefix: 'x',
    endpoint: 'https://storage.googleapis.com/',
    region: 'auto',
    isPathStyle: true,
  })
})

test('readFilesAddress: says what is wrong with anything else, and shows no secret', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /wanted "file:FOLDER"/],
    ['file:', /wanted "file:FOLDER"/],
    ['file://host/folder', /without a host/],
    ['http://shop', /wanted "file:FOLDER"/],
    ['s3://AKIA:hunter2@shop', /option credentials/],
    ['s3://shop?secret=hunter2', /"secret" is none of/],
    ['s3://S', /bucket of 3 to 63/],
    ['s3://shop/a//b', /its prefix/],
    ['s3://shop/50%', /its prefix/],
    ['s3://shop?endpoint=127.0.0.1', /wanted an endpoint/],
  ]
  for (const [url, message] of wrong) {
    assert.throws(
      () => readFilesAddress(url),
      (error: Error) => message.test(error.message) && !error.message.includes('hunter2'),
      url,
    )
  }
})
