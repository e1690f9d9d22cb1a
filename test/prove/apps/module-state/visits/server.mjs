import http from 'node:http'

let visits = 0 // state:declared

const server = http.createServer((req, res) => {
  if (req.url === '/favicon.ico') {
    res.writeHead(204).end()
    return
  }
  if (req.url === '/') visits++ // state:written
  res.setHeader('content-type', 'text/html; charset=utf-8')
  res.end(`<title>Pigeons</title><h1>Pigeons of the world</h1><p>You are visitor number ${visits}.</p>`)
})

server.listen(process.env.PORT)
