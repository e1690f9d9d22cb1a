// The access log as `drover up` was told to write it, rotated by `drover reload`.
import assert from 'node:assert/strict'
import { readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { makeFolder, run, serverPath, startFleet } from './terminal.ts'

const server = ['--instances', '1', '--port', '0', '--', process.execPath, serverPath]

test('drover reload opens a renamed access log anew', async (t) => {
  const cwd = await makeFolder()
  const { url } = await startFleet(t, ['--access-log', 'access.log', ...server], { cwd })
  const log = join(cwd, 'access.log')
  const lines = async () =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  await fetch(`${url}/first`)
  await until('the first request is logged', async () => (await lines()).length === 1)
  await rename(log, join(cwd, 'access.1'))
  assert.equal((await run(t, ['reload'], { cwd })).code, 0)
  await until('the log is there again', () => stat(log).catch(() => undefined))
  await fetch(`${url}/second`)
  await until('the second request is logged', async () => (await lines()).length === 1)
  assert.match((await lines())[0] ?? '', /\/second/)
})

test('--access-log - writes the log among what drover up prints', async (t) => {
  const cwd = await makeFolder()
  const { terminal, url } = await startFleet(t, ['--access-log', '-', ...server], { cwd })
  await fetch(`${url}/seen`)
  await terminal.shows('access | {')
  await terminal.shows('/seen')
})
