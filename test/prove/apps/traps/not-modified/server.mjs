// Validators: ETags of what is shown, of the process that shows it, a random one, dates of the last change, and answers of 304.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const article = '<h1>Weather</h1><p>Fog until noon.</p>'
const tag = `"${createHash('sha1').update(article).digest('base64url')}"`

const ofProcess = `"${randomUUID()}"`

const pages = {
  '/article': () => ({ etag: tag, body: article }),
  '/started': () => ({ etag: ofProcess, body: '<p>Same everywhere</p>' }),
  '/fresh': () => ({ etag: `W/"${randomUUID()}"`, body: '<p>Always fresh</p>' }),
  '/dated': () => ({ 'last-modified': new Date().toUTCString(), body: '<p>Dated today</p>' }),
}

createServer((req, res) => {
  const page = pages[req.url]?.()
  if (page === undefined) return res.writeHead(404).end()
  const { body, ...validators } = page
  const known = req.headers['if-none-match']
  if (known !== undefined && known === page.etag) return res.writeHead(304, validators).end()
  res.writeHead(200, { ...validators, 'content-type': 'text/html', 'cache-control': 'no-cache' }).end(body)
}).listen(process.env.PORT)
