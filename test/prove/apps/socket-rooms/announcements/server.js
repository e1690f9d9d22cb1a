import express from 'express'

const app = express()
app.use(express.json())
const listeners = new Set() // state:declared

app.get('/announcements', (req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  res.write('retry: 1000\n\n')
  listeners.add(res) // state:written
  req.on('close', () => listeners.delete(res))
})

app.post('/announcements', (req, res) => {
  const announcement = { text: req.body.text, at: new Date() }
  for (const listener of listeners) listener.write(`data: ${JSON.stringify(announcement)}\n\n`) // state:written
  res.status(202).json(announcement)
})

app.listen(process.env.PORT)
