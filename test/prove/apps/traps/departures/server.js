import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

// A stream that only the clock writes to: nobody's request reaches it.
createServer((request, response) => {
  if (request.url !== '/departures') {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ok: true }))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`event: hello\ndata: ${randomUUID()}\n\n`)
  let passed = 0
  const board = setInterval(() => {
    passed += 1
    const departure = { platform: (passed % 3) + 1, passed, left: new Date().toISOString() }
    response.write(`id: ${randomUUID()}\nevent: departure\ndata: ${JSON.stringify(departure)}\n\n`)
  }, 700)
  const beat = setInterval(() => response.write(': still here\n\n'), 250)
  const gate = setTimeout(() => response.write('event: gate\ndata: open\n\n'), 1900)
  response.on('close', () => {
    clearInterval(board)
    clearInterval(beat)
    clearTimeout(gate)
  })
}).listen(process.env.PORT)
