// Pictures that any server takes and any server shows: from a form, or straight from the browser by a signed URL.
import { randomUUID } from 'node:crypto'
import express from 'express'
import { expressFiles, expressUploads, uploadsOf } from 'drover/express'
import { files } from 'drover/files'
import { serve } from 'drover/instance'

const store = files(process.env['FILES'] ?? 'file:.drover/pictures', {
  maxBytes: 5_000_000,
  accept: ['image/*'],
})
const newKey = () => `pictures/${randomUUID()}`

const app = express()
app.use(expressFiles(store))

app.get('/', async (_request, response) => {
  const { files: pictures } = await store.list({ prefix: 'pictures/', limit: 50 })
  const addresses = await Promise.all(pictures.map(({ key }) => store.signDownload(key)))
  const shown = addresses.map(
    (address) => `<img src="${address?.replaceAll('&', '&amp;')}" alt="" width="200">`,
  )
  response.send(`<!doctype html><title>Pictures</title>
    <form method="post" action="/pictures" enctype="multipart/form-data">
      <input type="file" name="picture" accept="image/*" required> <button>Upload</button>
    </form>
    ${shown.join('\n')}`)
})

// A form: what it holds streams through this server into storage.
app.post('/pictures', expressUploads(store, { key: newKey }), (request, response) => {
  console.log(
    `stored ${uploadsOf(request)
      .files.map(({ key }) => key)
      .join(' ')}`,
  )
  response.redirect(303, '/')
})

// Past this server: the browser asks where to, and sends the file there itself.
app.post('/pictures/direct', express.json(), async (request, response) => {
  const { type, size }: { type: string; size: number } = request.body
  response.json(await store.signUpload(newKey(), { contentType: type, size }))
})

await serve(app, { host: '127.0.0.1', onClose: () => store.close() }).ready
