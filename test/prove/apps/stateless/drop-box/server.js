import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const at = (name) => `${process.env.STORE_URL}/file-${name}`

const server = createServer(async (req, res) => {
  const [, area, id] = req.url.split('/')
  if (area !== 'files') {
    res.writeHead(404).end()
  } else if (req.method === 'POST') {
    const name = randomUUID()
    await fetch(at(name), { method: 'PUT', body: JSON.stringify(await text(req)) })
    res.writeHead(201, { location: `/files/${name}` }).end()
  } else {
    const content = await (await fetch(at(id))).json()
    if (content === null) res.writeHead(404).end('gone')
    else res.setHeader('content-type', 'application/octet-stream').end(content)
  }
})

server.listen(process.env.PORT)
