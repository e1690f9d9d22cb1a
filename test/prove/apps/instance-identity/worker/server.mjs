import http from 'node:http'

const routes = {
  '/': () => ({ name: 'converter', worker: process.pid }), // state:declared
  '/convert': (query) => ({ celsius: ((Number(query.get('f')) - 32) * 5) / 9, worker: process.pid }), // state:declared
}

http
  .createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://localhost')
    const route = routes[pathname]
    res.writeHead(route ? 200 : 404, { 'content-type': 'application/json' })
    res.end(JSON.stringify(route ? route(searchParams) : { error: 'not found' }))
  })
  .listen(process.env.PORT)
