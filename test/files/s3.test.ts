// What a bucket does when its server does not answer, lets nobody in, or has parts of uploads that nobody completed.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { isDroverError } from '../../src/base/errors.ts'
import { files } from '../../src/files/index.ts'
import { startS3 } from '../support/s3-server.ts'
import { until } from '../support/until.ts'

const server = await startS3()
const { credentials, endpoint, bucket, url } = server
const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
after(async () => {
  client.destroy()
  await server.stop()
})
const text = { contentType: 'text/plain' }
const isOutage = (error: unknown) => isDroverError(error, 'STORE_UNAVAILABLE') && error.cause !== undefined

async function allOutages(calls: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(calls.map((call) => assert.rejects(call, isOutage)))
}

test('uploads in parts that nobody completed are swept when they are old enough, below the own prefix only', async (t) => {
  const open = (prefix: string) => {
    const store = files(url.replace('?', `/${prefix}?`), {
      credentials,
      abandonedAfter: 1,
      operationTimeout: '60s',
    })
    t.after(() => store.close())
    return store
  }
  for (const Key of ['mine/a', 'mine/b', 'other/c']) {
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
  }
  const patient = files(url.replace('?', '/mine?'), { credentials, operationTimeout: '60s' })
  t.after(() => patient.close())
  assert.equal(await patient.sweep(), 0)
  // The server tells when an upload began in whole seconds, rounded up.
  const mine = open('mine')
  let swept = 0
  await until('both are old enough', async () => (swept += await mine.sweep()) >= 2)
  assert.equal(swept, 2)
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  assert.deepEqual(
    Uploads.map(({ Key }) => Key),
    ['other/c'],
  )
})

test('a key that is too long with its prefix is refused, rather than taken for an outage', async (t) => {
  const store = files(url.replace('?', '/some/prefix?'), { credentials })
  t.after(() => store.close())
  const key = `${'x/'.repeat(510)}y`
  const calls = [store.put(key, 'x', text), store.get(key), store.delete(key), store.copy('a', key)]
  await Promise.all(
    calls.map((call) => assert.rejects(call, (error) => isDroverError(error, 'FILE_KEY_INVALID'))),
  )
})

test('a signed URL works for as long as was asked', async (t) => {
  const store = files(url, { credentials })
  t.after(() => store.close())
  const signed = await store.signUpload('a', { ...text, size: 1, expiresIn: '1s' })
  assert.equal(new URL(signed.url).searchParams.get('X-Amz-Expires'), '1')
})

test('a wrong secret and a bucket that is not there are outages, not absent files', async (t) => {
  const stranger = files(url, {
    credentials: { ...credentials, secretAccessKey: 'wrong' },
    operationTimeout: '60s',
  })
  t.after(() => stranger.close())
  await allOutages([stranger.get('a'), stranger.stat('a'), stranger.list(), stranger.put('a', 'x', text)])
  const nowhere = files(url.replace(bucket, 'nowhere'), { credentials, operationTimeout: '60s' })
  t.after(() => nowhere.close())
  await allOutages([
    nowhere.get('a'),
    nowhere.stat('a'),
    nowhere.list(),
    nowhere.put('a', 'x', text),
    nowhere.copy('a', 'b'),
  ])
})

test('a server that hangs is an outage after operationTimeout, and serves again when it is back', async (t) => {
  const store = files(url, { credentials, operationTimeout: '250ms' })
  const patient = files(url, { credentials, operationTimeout: '60s' })
  t.after(() => Promise.all([store.close(), patient.close()]))
  server.pause()
  await assert.rejects(store.stat('a'), isOutage)
  server.resume()
  assert.equal(await patient.stat('a'), undefined)
})
