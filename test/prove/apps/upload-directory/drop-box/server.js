import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const folder = join(tmpdir(), 'drop-box') // state:declared
mkdirSync(folder, { recursive: true })

const server = createServer(async (req, res) => {
  const [, area, id] = req.url.split('/')
  if (area !== 'files') {
    res.writeHead(404).end()
  } else if (req.method === 'POST') {
    const name = randomUUID()
    await pipeline(req, createWriteStream(join(folder, name))) // state:written
    res.writeHead(201, { location: `/files/${name}` }).end()
  } else if (/^[\w-]+$/.test(id) && existsSync(join(folder, id))) {
    res.setHeader('content-type', 'application/octet-stream')
    createReadStream(join(folder, id)).pipe(res)
  } else {
    res.writeHead(404).end('gone')
  }
})

server.listen(process.env.PORT)
