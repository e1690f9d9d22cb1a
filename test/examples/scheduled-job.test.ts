// examples/scheduled-job: one report a period, whichever server dies while it makes one.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Report {
  readonly period: number
  readonly server: string
}

test('servers that are killed while they report leave no period with two reports, and others go on', async (t) => {
  const folder = await temporaryFolder('reports')
  const file = join(folder, 'reports.db')
  const env = ['--env', 'PERIOD_MS=400', '--env', `REPORTS_DATABASE=${file}`]
  const command = ['--', process.execPath, '--conditions=source', 'examples/scheduled-job/server.ts']
  const fleet = await startFleet({ args: [...env, ...command] })
  t.after(() => fleet.dispose())
  const reports = async () => {
    const rows: readonly Report[] = JSON.parse(await (await fetch(fleet.url)).text())
    return rows
  }
  for (let kills = 0; kills < 3; kills += 1) {
    const { length } = await reports()
    const last = await until('another report', async () => (await reports())[length])
    // Who has just reported is the one that is likely to be at it again.
    await fleet.kill(last.server)
  }
  const { length } = await reports()
  await until('others go on', async () => (await reports()).length > length)
  const periods = (await reports()).map(({ period }) => period)
  assert.equal(new Set(periods).size, periods.length)
})
