import express from 'express'
import { rateLimit } from 'express-rate-limit'

const store = process.env.STORE_URL
const windowMs = 15 * 60 * 1000
let endsAt = 0

/** The limiter's port, as rate-limit-redis fills it: counts outside. */
const shared = {
  init() {},
  async increment(key) {
    const counted = await fetch(`${store}/hits-${encodeURIComponent(key)}?op=incr`, { method: 'POST' })
    if (endsAt < Date.now()) endsAt = Date.now() + windowMs
    return { totalHits: await counted.json(), resetTime: new Date(endsAt) }
  },
  async decrement() {},
  resetKey: (key) => fetch(`${store}/hits-${encodeURIComponent(key)}`, { method: 'DELETE' }),
}

const app = express()
app.use('/api', rateLimit({ windowMs, limit: 5, standardHeaders: false, legacyHeaders: false, store: shared }))

app.get('/api/quote', (req, res) => {
  res.json({ quote: 'Hope is the thing with feathers' })
})

app.get('/health', (req, res) => res.send('ok'))

app.listen(process.env.PORT)
