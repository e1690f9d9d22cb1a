// Reports that take a while, served so that no deploy cuts one short.
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'
import { serve } from 'drover/instance'

const database = new DatabaseSync(process.env['REPORTS_DATABASE'] ?? ':memory:')
database.exec('CREATE TABLE IF NOT EXISTS orders (cents INTEGER NOT NULL)')
database.exec('INSERT INTO orders VALUES (1250), (890)')

const app = express()

app.get('/', (_req, res) => {
  res.send(`Server ${process.env['DROVER_INSTANCE'] ?? process.pid}: <a href="/report">a slow report</a>\n`)
})

app.get('/report', async (_req, res) => {
  await pause(1_000)
  res.json(database.prepare('SELECT count(*) AS orders, sum(cents) AS cents FROM orders').get())
})

const instance = serve(app, {
  ready: () => database.prepare('SELECT 1').get() !== undefined,
  onClose: () => database.close(),
  fingerprint: { currency: 'EUR', 'session key': process.env['SESSION_KEY'] },
})

if (await instance.ready) console.log(`Reports on ${instance.url}`)
