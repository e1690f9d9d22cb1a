// Listens late or elsewhere, as its first argument says.
const http = require('node:http')

const server = http.createServer((request, response) => {
  if (request.url === '/ready') response.statusCode = Date.now() < readyAt ? 503 : 200
  response.end(String((asked += 1)))
})
let asked = 0
const readyAt = Date.now() + 300
const how = {
  late: () => setTimeout(() => server.listen(process.env.PORT), 300),
  any: () => server.listen(0),
  six: () => server.listen({ port: process.env.PORT, host: '::1' }),
  never: () => setInterval(() => {}, 1000),
  crash: () => {
    process.stderr.write('Error: no DATABASE_URL\n')
    process.exit(3)
  },
}
how[process.argv[2]]()
