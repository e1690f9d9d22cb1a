import express from 'express'
import { randomUUID } from 'node:crypto'

const app = express()
app.use(express.json())

const ledger = `${process.env.STORE_URL}/charges`

// An answer is given again to who repeats a request with its key.
const answered = new Map() // state:declared

function idempotent(req, res, next) {
  const key = req.get('idempotency-key')
  if (!key) return res.status(400).json({ error: 'Idempotency-Key is missing' })
  const before = answered.get(key)
  if (before) return res.status(before.status).json(before.body)
  const json = res.json.bind(res)
  res.json = (body) => {
    answered.set(key, { status: res.statusCode, body }) // state:written
    return json(body)
  }
  next()
}

app.post('/charges', idempotent, async (req, res) => {
  const charge = { id: `ch_${randomUUID()}`, amount: req.body.amount }
  await fetch(`${ledger}?op=push`, { method: 'POST', body: JSON.stringify(charge) })
  res.status(201).json(charge)
})

app.get('/charges', async (req, res) => {
  const charges = (await (await fetch(ledger)).json()) ?? []
  res.json({ count: charges.length, total: charges.reduce((sum, { amount }) => sum + amount, 0) })
})

app.listen(process.env.PORT)
