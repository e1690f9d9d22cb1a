// An instance of a real fleet that was given other token keys than the rest.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { drover, startFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(import.meta.dirname, 'fixtures/token-server.ts')

test('an instance whose token keys differ is refused by name, and the others go on taking each other’s tokens', async (t) => {
  const folder = await temporaryFolder('token-keys')
  const command = [process.execPath, '--conditions=source', program, join(folder, 'tokens.db')]
  const fleet = await startFleet({ args: ['--instances', '2', '--', ...command] })
  t.after(() => fleet.dispose())

  assert.equal((await drover(['scale', '3', '--state', fleet.folder])).code, 0)
  await until('the third is refused', async () => {
    const third = (await fleet.status()).instances.find(({ id }) => id === '3')
    return third !== undefined && (third.state === 'backoff' || third.restarts > 0)
  })
  const token = await (await fetch(fleet.url, { method: 'POST' })).text()
  const headers = { authorization: `Bearer ${token}` }
  for (let count = 0; count < 8; count += 1)
    assert.equal(await (await fetch(fleet.url, { headers })).text(), 'good')
  const third = (await fleet.status()).instances.find(({ id }) => id === '3')
  assert.equal(third?.requests, 0)

  fleet.signal('SIGTERM')
  const { stdout, stderr } = await fleet.ended
  assert.match(stdout + stderr, /TOKEN_KEYS differs on instance 3/)
})
