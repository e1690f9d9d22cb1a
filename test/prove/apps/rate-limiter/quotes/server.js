import express from 'express'
import { rateLimit } from 'express-rate-limit'

const app = express()
// state:declared
const limiter = rateLimit({ windowMs: 15 * 60 * 1000, limit: 5, standardHeaders: 'draft-7', legacyHeaders: false })

app.use('/api', limiter) // state:written

app.get('/api/quote', (req, res) => {
  res.json({ quote: 'Hope is the thing with feathers' })
})

app.get('/health', (req, res) => res.send('ok'))

app.listen(process.env.PORT)
