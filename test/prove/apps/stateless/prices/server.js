import { existsSync, readFileSync } from 'node:fs'
import express from 'express'

const read = (name) => {
  const path = new URL(`./config/${name}.json`, import.meta.url)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
const config = { ...read('default'), ...read(process.env.NODE_ENV ?? 'development') }

const app = express()

app.get('/price/:net', (req, res) => {
  const gross = (Number(req.params.net) * (100 + config.taxPercent)) / 100
  res.json({ gross: gross.toFixed(2), currency: config.currency })
})

app.listen(process.env.PORT)
