import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const desk: EventEmitter = new EventEmitter() // state:declared

createServer(async (request, response) => {
  if (request.url === '/wire') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    let id = 0
    const tell = (headline: string): void => {
      response.write(`id: ${(id += 1)}\nevent: headline\ndata: ${headline}\n\n`) // state:written
    }
    desk.on('headline', tell) // state:written
    response.on('close', () => desk.off('headline', tell))
    return
  }
  if (request.url === '/headlines' && request.method === 'POST') {
    desk.emit('headline', await text(request)) // state:written
    response.writeHead(202).end()
    return
  }
  response.writeHead(404).end()
}).listen(process.env['PORT'])
