// A report of each period, made once in the fleet: every server's clock strikes, one of them works, and whatever dies, no period has two.
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'
import { serve } from 'drover/instance'
import { withLease, type Lease } from 'drover/lease'
import { checkFence, once, sqliteLeaseStore } from 'drover/sqlite'

const file = process.env['REPORTS_DATABASE'] ?? 'reports.db'
const periodMs = Number(process.env['PERIOD_MS'] ?? 60_000)

const database = new DatabaseSync(file, { timeout: 5_000 })
database.exec('CREATE TABLE IF NOT EXISTS reports (period INTEGER NOT NULL, server TEXT NOT NULL)')
const leases = sqliteLeaseStore(file)

/** What takes a while, and then writes: only if this server still has the lease, and only if nobody has written the same. */
async function report(period: number, lease: Lease): Promise<void> {
  await pause(periodMs / 4)
  database.exec('BEGIN IMMEDIATE')
  try {
    checkFence(database, lease)
    once(database, `report ${period}`, () => {
      database.prepare('INSERT INTO reports VALUES (?, ?)').run(period, process.env['DROVER_INSTANCE'] ?? '')
      return period
    })
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

async function strike(): Promise<void> {
  const period = Math.floor(Date.now() / periodMs)
  const options = { store: leases, ttl: periodMs }
  await withLease('report', ({ lease }) => report(period, lease), options)
}

const timer = setInterval(() => {
  strike().catch((error: unknown) => console.error(`no report: ${String(error)}`))
}, periodMs / 4)

const app = express()
app.get('/', (_req, res) => {
  res.json(database.prepare('SELECT period, server FROM reports ORDER BY period').all())
})

serve(app, {
  onClose: async () => {
    clearInterval(timer)
    await leases.close()
    database.close()
  },
})
