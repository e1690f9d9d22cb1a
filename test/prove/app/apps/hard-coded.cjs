// Listens on one port whatever PORT says, on another that speaks no HTTP, and calls itself by the first.
const http = require('node:http')
const net = require('node:net')

const [port, other] = process.argv.slice(2).map(Number)
net.createServer(() => {}).listen(other)
http
  .createServer((request, response) => {
    if (request.url !== '/self') return response.end('direct')
    http.get({ port, host: 'localhost', path: '/' }, (answer) => answer.pipe(response))
  })
  .listen({ port, host: '127.0.0.1' })
