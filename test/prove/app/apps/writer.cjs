// Writes where apps write, and tells what it finds there and who it is.
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')

let requests = 0
const count = () => (fs.existsSync('counter.txt') ? Number(fs.readFileSync('counter.txt', 'utf8')) : 0)

http
  .createServer((request, response) => {
    requests += 1
    fs.writeFileSync('counter.txt', String(count() + 1))
    fs.mkdirSync('node_modules/.cache', { recursive: true })
    fs.writeFileSync('node_modules/.cache/kept', 'x')
    fs.rmSync('doomed.txt', { force: true })
    fs.writeFileSync(`${os.tmpdir()}/drover-prove-test-upload`, 'uploaded')
    response.end(JSON.stringify({ count: count(), requests, hostname: os.hostname(), pid: process.pid }))
  })
  .listen(process.env.PORT)
