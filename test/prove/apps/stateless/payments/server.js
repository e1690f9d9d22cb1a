import express from 'express'
import { randomUUID } from 'node:crypto'

const app = express()
app.use(express.json())

const store = process.env.STORE_URL
const post = async (key, op, value) =>
  (await fetch(`${store}/${key}?op=${op}`, { method: 'POST', body: JSON.stringify(value) })).json()
const load = async (key) => (await fetch(`${store}/${key}`)).json()

app.post('/charges', async (req, res) => {
  const key = `key-${req.get('idempotency-key')}`
  const charge = { id: `ch_${randomUUID()}`, amount: req.body.amount }
  // Whoever adds the key first makes the charge; everybody else gets that one.
  if (await post(key, 'add', charge)) await post('charges', 'push', charge)
  res.status(201).json(await load(key))
})

app.get('/charges', async (req, res) => {
  const charges = (await load('charges')) ?? []
  res.json({ count: charges.length, total: charges.reduce((sum, { amount }) => sum + amount, 0) })
})

app.listen(process.env.PORT)
