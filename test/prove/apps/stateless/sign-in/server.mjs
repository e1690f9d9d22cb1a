import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const MAX_FAILURES = 3
const at = (ip) => `${process.env.STORE_URL}/failures-${encodeURIComponent(ip)}`

const server = createServer(async (req, res) => {
  const answer = (status, value) => {
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(value))
  }
  if (req.method !== 'POST' || req.url !== '/sign-in') return answer(404, { error: 'no such page' })
  const ip = req.headers['x-forwarded-for'] ?? req.socket.remoteAddress
  if (((await (await fetch(at(ip))).json()) ?? 0) >= MAX_FAILURES) {
    res.setHeader('retry-after', '600')
    return answer(429, { error: 'Too many attempts' })
  }
  const { password } = await json(req)
  if (password === 'open sesame') {
    await fetch(at(ip), { method: 'DELETE' })
    return answer(200, { welcome: true })
  }
  await fetch(`${at(ip)}?op=incr`, { method: 'POST' })
  answer(401, { error: 'Wrong password' })
})

server.listen(process.env.PORT)
