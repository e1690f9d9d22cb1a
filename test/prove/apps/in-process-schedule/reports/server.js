import { randomUUID } from 'node:crypto'
import express from 'express'

const app = express()
app.use(express.json())

const queue = [] // state:declared
const reports = new Map() // state:declared

// state:declared
setInterval(() => {
  const job = queue.shift() // state:written
  if (job === undefined) return
  const sum = job.numbers.reduce((total, number) => total + number, 0)
  reports.set(job.id, { status: 'done', mean: sum / job.numbers.length }) // state:written
}, 50)

app.post('/reports', (req, res) => {
  const id = randomUUID()
  reports.set(id, { status: 'queued' }) // state:written
  queue.push({ id, numbers: req.body.numbers }) // state:written
  res.status(202).location(`/reports/${id}`).json({ id })
})

app.get('/reports/:id', (req, res) => {
  const report = reports.get(req.params.id)
  if (report === undefined) return res.status(404).json({ error: 'No such report' })
  res.json(report)
})

app.listen(process.env.PORT)
