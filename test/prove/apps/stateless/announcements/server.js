import express from 'express'

const app = express()
app.use(express.json())
const at = `${process.env.STORE_URL}/announcements`
const listeners = new Set()

app.get('/announcements', (req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  res.write('retry: 1000\n\n')
  listeners.add(res)
  req.on('close', () => listeners.delete(res))
})

app.post('/announcements', async (req, res) => {
  const announcement = { text: req.body.text, at: new Date() }
  await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(announcement) })
  res.status(202).json(announcement)
})

// Every server asks for what was announced at any of them.
let told = 0
setInterval(async () => {
  const announcements = (await (await fetch(at)).json()) ?? []
  for (const announcement of announcements.slice(told))
    for (const listener of listeners) listener.write(`data: ${JSON.stringify(announcement)}\n\n`)
  told = announcements.length
}, 300)

app.listen(process.env.PORT)
