import http from 'node:http'

const server = http.createServer(async (req, res) => {
  if (req.url === '/favicon.ico') {
    res.writeHead(204).end()
    return
  }
  const counted = await fetch(`${process.env.STORE_URL}/visits?op=incr`, { method: 'POST' })
  const visits = await counted.json()
  res.setHeader('content-type', 'text/html; charset=utf-8')
  res.end(`<title>Pigeons</title><h1>Pigeons of the world</h1><p>You are visitor number ${visits}.</p>`)
})

server.listen(process.env.PORT)
