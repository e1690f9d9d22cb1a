const express = require('express')
const { randomInt } = require('node:crypto')

const app = express()
app.use(express.json())

const at = (phone) => `${process.env.STORE_URL}/code-${encodeURIComponent(phone)}`
const save = (phone, entry) => fetch(at(phone), { method: 'PUT', body: JSON.stringify(entry) })
const FIVE_MINUTES = 5 * 60 * 1000

app.post('/codes', async (req, res) => {
  const code = String(randomInt(100000, 1000000))
  await save(req.body.phone, { code, expires: Date.now() + FIVE_MINUTES, tries: 0 })
  res.status(202).json({ sent: true, debugCode: code })
})

app.post('/codes/verify', async (req, res) => {
  const entry = await (await fetch(at(req.body.phone))).json()
  if (!entry || entry.expires < Date.now()) return res.status(410).json({ error: 'expired' })
  await save(req.body.phone, { ...entry, tries: entry.tries + 1 })
  if (entry.tries >= 3) return res.status(429).json({ error: 'too many tries' })
  if (entry.code !== req.body.code) return res.status(401).json({ error: 'wrong code' })
  await fetch(at(req.body.phone), { method: 'DELETE' })
  res.json({ verified: req.body.phone })
})

app.listen(process.env.PORT || 8080)
