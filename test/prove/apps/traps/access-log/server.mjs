// Writes a log and an audit trail into its folder and never reads either.
import { appendFileSync, createWriteStream, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

mkdirSync('logs', { recursive: true })
const access = createWriteStream('logs/access.log', { flags: 'a' })
const at = `${process.env.STORE_URL}/orders`

createServer(async (req, res) => {
  access.write(`${new Date().toISOString()} ${req.method} ${req.url}\n`)
  res.setHeader('content-type', 'application/json')
  if (req.method === 'POST') {
    const { item } = await json(req)
    appendFileSync('logs/audit.jsonl', `${JSON.stringify({ item, pid: process.pid })}\n`)
    await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(item) })
    return res.writeHead(201).end(JSON.stringify({ item }))
  }
  const orders = (await (await fetch(at)).json()) ?? []
  res.end(JSON.stringify({ orders }))
}).listen(process.env.PORT)
