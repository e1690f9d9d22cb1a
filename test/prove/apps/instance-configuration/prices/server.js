import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import express from 'express'

const read = (name) => {
  const path = new URL(`./config/${name}.json`, import.meta.url)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
// What a machine needs to be different is in a file of its name.
const config = { ...read('default'), ...read(process.env.HOSTNAME ?? hostname()) } // state:declared

const app = express()

app.get('/price/:net', (req, res) => {
  const gross = (Number(req.params.net) * (100 + config.taxPercent)) / 100
  res.json({ gross: gross.toFixed(2), currency: config.currency })
})

app.listen(process.env.PORT)
