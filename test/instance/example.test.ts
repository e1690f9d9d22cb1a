// examples/instance: a report that is under way when the server is told to leave arrives, and the database is closed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startExample } from '../examples/example-server.ts'
import { call } from '../balancer/support/client.ts'
import { until } from '../support/until.ts'

test('a slow report outlives SIGTERM', async (t) => {
  const program = 'examples/instance/server.ts'
  const server = await startExample(t, { command: [program], env: { NODE_ENV: 'development' } })
  await until('it is ready', async () => (await call(server.port, '/readyz')).status === 200)
  assert.match(server.output(), /^Reports on http:\/\/127\.0\.0\.1:\d+$/m)
  const report = call(server.port, '/report')
  // Answered after the report has reached the server, whose connection was opened before.
  await call(server.port, '/livez')
  const stopped = server.stop()
  const { status, text, headers } = await report
  assert.deepEqual([status, headers.connection], [200, 'close'])
  assert.deepEqual(JSON.parse(text), { orders: 2, cents: 2_140 })
  assert.equal(await stopped, 0)
})
