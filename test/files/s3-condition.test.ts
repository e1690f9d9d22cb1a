// `ifAbsent` against servers that the test machine has none of: one that keeps the condition for uploads in parts as well,
// and one that does not know it.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { files } from '../../src/files/index.ts'
import { listen } from '../support/free-port.ts'

interface Bucket {
  readonly objects: ReadonlyMap<string, string>
  readonly url: string
}

/** As much of S3 as a put needs. Objects are told by their path; uploads in parts have one part. */
async function startBucket(t: TestContext, isConditional: boolean): Promise<Bucket> {
  const objects = new Map<string, string>()
  let part = ''
  const store = (path: string, content: string, req: IncomingMessage, res: ServerResponse) => {
    const isRefused = isConditional && req.headers['if-none-match'] === '*' && objects.has(path)
    if (!isRefused) objects.set(path, content)
    res
      .writeHead(isRefused ? 412 : 200, { etag: '"e"' })
      .end(isRefused ? '' : '<CompleteMultipartUploadResult/>')
  }
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const { pathname: path, searchParams: query } = new URL(req.url ?? '', 'http://localhost')
    const body = await text(req)
    if (req.method === 'DELETE') {
      if (!query.has('uploadId')) objects.delete(path)
      res.writeHead(204).end()
    } else if (query.has('uploads')) {
      res.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
    } else if (query.has('partNumber')) {
      part = body
      res.writeHead(200, { etag: '"e"' }).end()
    } else if (req.method === 'POST') store(path, part, req, res)
    else if (req.method === 'PUT') store(path, body, req, res)
    else res.end('<ListMultipartUploadsResult/>')
  }
  const server = createServer((req, res) => void answer(req, res))
  const url = `s3://bucket?endpoint=http://127.0.0.1:${await listen(server)}`
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { objects, url }
}

function open(t: TestContext, url: string) {
  const store = files(url, { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
  t.after(() => store.close())
  return (content: string, key = 'once') =>
    store.put(key, content, { contentType: 'text/plain', ifAbsent: true })
}

test('a server that keeps the condition stores the first, and answers FILE_EXISTS to the second', async (t) => {
  const { objects, url } = await startBucket(t, true)
  const put = open(t, url)
  const isTaken = (error: unknown) => isDroverError(error, 'FILE_EXISTS')
  await put('first')
  await assert.rejects(put('second'), isTaken)
  assert.deepEqual([...objects], [['/bucket/once', 'first']])
  const severalParts = 'x'.repeat(6 * 1024 ** 2)
  await put(severalParts, 'large')
  await assert.rejects(put(severalParts, 'large'), isTaken)
  await assert.rejects(put(severalParts), isTaken)
  assert.equal(objects.get('/bucket/once'), 'first')
})

test('a server that ignores the condition is found out before anything is overwritten', async (t) => {
  const { objects, url } = await startBucket(t, false)
  const put = open(t, url)
  const refused = (error: unknown) => isDroverError(error, 'FILE_CONDITION_UNSUPPORTED')
  await Promise.all([assert.rejects(put('first'), refused), assert.rejects(put('second'), refused)])
  assert.deepEqual([...objects], [])
})
