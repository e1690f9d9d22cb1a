import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const MAX_FAILURES = 3
const LOCK_MS = 10 * 60_000
const failures = new Map() // state:declared

const server = createServer(async (req, res) => {
  const answer = (status, value) => {
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(value))
  }
  if (req.method !== 'POST' || req.url !== '/sign-in') return answer(404, { error: 'no such page' })
  const ip = req.headers['x-forwarded-for'] ?? req.socket.remoteAddress
  const record = failures.get(ip) ?? { count: 0, until: 0 }
  if (record.count >= MAX_FAILURES && record.until > Date.now()) {
    res.setHeader('retry-after', '600')
    return answer(429, { error: 'Too many attempts' })
  }
  const { password } = await json(req)
  if (password === 'open sesame') {
    failures.delete(ip) // state:written
    return answer(200, { welcome: true })
  }
  failures.set(ip, { count: record.count + 1, until: Date.now() + LOCK_MS }) // state:written
  answer(401, { error: 'Wrong password' })
})

server.listen(process.env.PORT)
