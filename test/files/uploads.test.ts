// Forms with files go straight into storage, in every framework, and signed URLs are answered there.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { files } from '../../src/files/index.ts'
import type { Files } from '../../src/files/index.ts'
import type { UploadProgress } from '../../src/files/upload/options.ts'
import type { Uploads } from '../../src/files/upload/form.ts'
import { until } from '../support/until.ts'
import { mounts } from './upload-mounts.ts'
import type { Mount, RunningApp } from './upload-mounts.ts'

interface Stage {
  readonly app: RunningApp
  readonly store: Files
  readonly folder: string
  readonly progress: readonly UploadProgress[]
  readonly send: (form: FormData) => Promise<Response>
}

const png = { type: 'image/png' }
const cleanups: (() => Promise<unknown>)[] = []
after(() => Promise.all(cleanups.map((cleanup) => cleanup())))

async function open(mount: Mount): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-uploads-'))
  const store = files(`file:${folder}`)
  const progress: UploadProgress[] = []
  const app = await mount(store, progress)
  cleanups.push(() => app.close().then(() => rm(folder, { recursive: true, force: true })))
  const send = (body: FormData) => fetch(`${app.origin}/upload`, { method: 'POST', body })
  return { app, store, folder, progress, send }
}

function formOf(...parts: readonly (readonly [string, string | Blob, string?])[]): FormData {
  const form = new FormData()
  for (const [name, value, filename] of parts) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, value, filename)
  }
  return form
}

async function nothingIsLeft({ store, folder }: Stage): Promise<void> {
  await until('no file is left', async () => (await store.list()).files.length === 0)
  await until('no upload is left', async () => (await readdir(join(folder, 'uploads'))).length === 0)
}

for (const [framework, mount] of Object.entries(mounts)) {
  describe(framework, { concurrency: true }, () => {
    test('a form is received: its files are stored with what was declared, its fields are given', async () => {
      const { app, store, progress, send } = await open(mount)
      const picture = Buffer.alloc(150_000, 7)
      const answer = await send(
        formOf(['title', 'A cat'], ['picture', new Blob([picture], png), '../../Größe.png']),
      )
      const { files: stored, fields } = (await answer.json()) as Uploads
      assert.equal(answer.status, 200)
      assert.deepEqual(fields, { title: 'A cat' })
      assert.equal(stored.length, 1)
      const [file] = stored
      assert.deepEqual(
        [file?.field, file?.filename, file?.contentType],
        ['picture', 'Größe.png', 'image/png'],
      )
      const found = await store.get(file?.key ?? '', { verify: true })
      assert.ok(Buffer.concat((await found?.body.toArray()) ?? []).equals(picture))
      const told = progress.at(-1)
      assert.equal(told?.bytes, 150_000)
      assert.ok((told?.requestBytes ?? 150_001) > 150_000)
      const unchosen = await fetch(`${app.origin}/upload`, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: `--b\r\ncontent-disposition: form-data; name="a"; filename=""\r\ncontent-type: application/octet-stream\r\n\r\n\r\n--b--\r\n`,
      })
      assert.deepEqual(await unchosen.json(), { files: [], fields: {} })
    })

    test('what a form may not have is refused with its status, and nothing of the form is left', async () => {
      const stage = await open(mount)
      const good = ['picture', new Blob(['x'], png), 'a.png'] as const
      const refused: readonly (readonly [number, FormData])[] = [
        [413, formOf(good, ['picture', new Blob([Buffer.alloc(200_001)], png), 'b.png'])],
        [415, formOf(good, ['picture', new Blob(['<svg>'], { type: 'text/html' }), 'b.png'])],
        [400, formOf(good, good, good)],
        [400, formOf(['a', '1'], ['b', '2'], ['c', '3'])],
        [413, formOf(good, ['a', 'x'.repeat(101)])],
      ]
      for (const [status, form] of refused) {
        const answer = await stage.send(form)
        assert.equal(answer.status, status, await answer.text())
      }
      const asJson = await fetch(`${stage.app.origin}/upload`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'multipart/form-data' },
      })
      assert.equal(asJson.status, 400)
      await nothingIsLeft(stage)
    })

    test('a client that leaves in the middle of a file leaves nothing', async () => {
      const stage = await open(mount)
      const socket = connect(Number(new URL(stage.app.origin).port), '127.0.0.1')
      await once(socket, 'connect')
      const part =
        '--b\r\ncontent-disposition: form-data; name="picture"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
      socket.write(
        'POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 100000\r\n\r\n' +
          part +
          'x'.repeat(50_000),
      )
      await until('some of it has arrived', () => stage.progress.length > 0)
      socket.destroy()
      await nothingIsLeft(stage)
    })

    test('signed URLs are answered: uploads, downloads, ranges and conditions, with headers that tame what is shown', async () => {
      const { app, store } = await open(mount)
      const upload = await store.signUpload('page', { contentType: 'text/html', size: 10 })
      const put = await fetch(app.origin + upload.url, {
        method: 'PUT',
        headers: upload.headers,
        body: '0123456789',
      })
      assert.equal(put.status, 200)
      const large = { contentType: 'text/html', size: 2_000_000, expiresIn: '1s' } as const
      const late =
        app.origin + (await store.signUpload('page', large)).url.replace(/expires=\d+/, 'expires=1')
      const body = Buffer.alloc(large.size)
      const refused = await fetch(late, { method: 'PUT', headers: upload.headers, body })
      assert.equal(refused.status, 403, 'who still sends hears why')
      const url = app.origin + ((await store.signDownload('page')) ?? '')
      const whole = await fetch(url)
      assert.equal(await whole.text(), '0123456789')
      assert.equal(whole.headers.get('content-type'), 'text/html')
      assert.equal(whole.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(whole.headers.get('content-security-policy'), "default-src 'none'; sandbox")
      assert.match(whole.headers.get('content-disposition') ?? '', /^attachment;/)
      assert.match(whole.headers.get('cache-control') ?? '', /^private, max-age=\d+$/)
      const etag = whole.headers.get('etag') ?? ''
      const ask = (headers: Record<string, string>, method = 'GET') => fetch(url, { method, headers })
      const answers = await Promise.all([
        ask({ range: 'bytes=-3' }),
        ask({ range: 'bytes=3-3', 'if-range': etag }),
        ask({ range: 'bytes=3-3', 'if-range': '"other"' }),
        ask({ range: 'bytes=10-' }),
        ask({ 'if-none-match': etag }),
        ask({}, 'HEAD'),
        ask({}, 'DELETE'),
        fetch(url.replace(/signature=./, 'signature=')),
      ])
      const told = await Promise.all(
        answers.map(async (one) => [one.status, (await one.text()).slice(0, 10)]),
      )
      assert.deepEqual(told.slice(0, 3), [
        [206, '789'],
        [206, '3'],
        [200, '0123456789'],
      ])
      assert.deepEqual(
        told.slice(3).map(([status]) => status),
        [416, 304, 200, 405, 403],
      )
      assert.equal(answers[5]?.headers.get('content-length'), '10')
    })
  })
}
