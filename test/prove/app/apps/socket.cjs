// Answers with what a service says on the Unix-domain socket of its argument.
const http = require('node:http')
const net = require('node:net')

http
  .createServer((request, response) => {
    const service = net.connect(process.argv[2])
    service.on('error', (error) => response.end(String(error)))
    service.pipe(response)
  })
  .listen(process.env.PORT)
