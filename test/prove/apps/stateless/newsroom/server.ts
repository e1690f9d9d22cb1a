import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const at = `${process.env['STORE_URL']}/headlines`

const headlines = async (): Promise<unknown[]> => {
  const all: unknown = await (await fetch(at)).json()
  return Array.isArray(all) ? all : []
}

createServer(async (request, response) => {
  if (request.url === '/wire') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    // From what there is now, each connection asks for what is new.
    for (let told = (await headlines()).length; !response.destroyed; await sleep(150)) {
      const all = await headlines()
      for (; told < all.length; told += 1)
        response.write(`id: ${told}\nevent: headline\ndata: ${String(all[told])}\n\n`)
    }
    return
  }
  if (request.url === '/headlines' && request.method === 'POST') {
    await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(await text(request)) })
    response.writeHead(202).end()
    return
  }
  response.writeHead(404).end()
}).listen(process.env['PORT'])
