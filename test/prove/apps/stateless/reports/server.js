import { randomUUID } from 'node:crypto'
import express from 'express'

const app = express()
app.use(express.json())

const at = (id) => `${process.env.STORE_URL}/job-${id}`

app.post('/reports', async (req, res) => {
  const id = randomUUID()
  await fetch(at(id), { method: 'PUT', body: JSON.stringify({ numbers: req.body.numbers }) })
  res.status(202).location(`/reports/${id}`).json({ id })
})

// The work is done by whoever is asked for its result.
app.get('/reports/:id', async (req, res) => {
  const job = await (await fetch(at(req.params.id))).json()
  if (job === null) return res.status(404).json({ error: 'No such report' })
  const sum = job.numbers.reduce((total, number) => total + number, 0)
  res.json({ status: 'done', mean: sum / job.numbers.length })
})

app.listen(process.env.PORT)
