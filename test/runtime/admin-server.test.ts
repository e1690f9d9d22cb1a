// The pages for operators: what they answer, and to whom.
import assert from 'node:assert/strict'
import { request as startRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { openAdminServer, type AdminPages } from '../../src/runtime/admin-server.ts'
import { snapshot } from '../support/sample-snapshot.ts'

async function serve(t: TestContext, over: Partial<AdminPages> = {}, host = '127.0.0.1'): Promise<string> {
  const pages = { snapshot: () => snapshot, metrics: () => Promise.resolve('up 1\n'), ...over }
  const server = await openAdminServer({ host, port: 0 }, pages)
  t.after(() => server.close())
  return server.url
}

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: string
}

function ask(url: string, method = 'GET', headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    startRequest(url, { method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.once('end', () => {
        resolve({ status: response.statusCode, type: response.headers['content-type'], body })
      })
    })
      .once('error', reject)
      .end()
  })
}

const text = 'text/plain; charset=utf-8'

test('the admin server answers its three pages, and nothing else', async (t) => {
  const url = await serve(t)
  const metricsType = 'text/plain; version=0.0.4; charset=utf-8'
  assert.deepEqual(await ask(`${url}/metrics?x`), { status: 200, type: metricsType, body: 'up 1\n' })
  assert.deepEqual(await ask(`${url}/metrics`, 'HEAD'), { status: 200, type: metricsType, body: '' })
  const { body, ...status } = await ask(`${url}/status`)
  assert.deepEqual(status, { status: 200, type: 'application/json' })
  assert.deepEqual(JSON.parse(body), snapshot)
  const health = { status: 200, type: text, body: 'running, 1 of 2 ready\n' }
  assert.deepEqual(await ask(`${url}/healthz`), health)
  assert.equal((await ask(`${url}/`)).status, 404)
  assert.equal((await ask(`${url}/stop`, 'POST')).status, 405)
})

const unhealthy: readonly (readonly [why: string, over: Partial<FleetSnapshot>])[] = [
  ['it stops', { state: 'stopping' }],
  ['no instance is ready', { instances: [] }],
  ['no balancer serves', { balancers: [{ pid: null, restarts: 1, state: 'down' }] }],
]

for (const [why, over] of unhealthy) {
  test(`a fleet is not healthy while ${why}`, async (t) => {
    const url = await serve(t, { snapshot: () => ({ ...snapshot, ...over }) })
    assert.equal((await ask(`${url}/healthz`)).status, 503)
  })
}

test('on loopback it answers only to this machine by name or address: no page of another site reads it', async (t) => {
  const url = await serve(t)
  for (const host of ['localhost', 'localhost:9090', '127.0.0.1:1', '[::1]:1'])
    assert.equal((await ask(`${url}/status`, 'GET', { host })).status, 200, host)
  for (const host of ['evil.example', 'localhost.evil.example:80'])
    assert.equal((await ask(`${url}/status`, 'GET', { host })).status, 421, host)
  const open = await serve(t, {}, '0.0.0.0')
  assert.equal((await ask(`${open}/status`, 'GET', { host: 'prometheus.example' })).status, 200)
})

test('a page that fails says so, and the server goes on', async (t) => {
  const metrics = () => Promise.reject(new DroverError('CONTROL_FAILED', 'Cannot count'))
  const url = await serve(t, { metrics })
  const { status, body } = await ask(`${url}/metrics`)
  assert.equal(status, 500)
  assert.deepEqual(JSON.parse(body), { error: { code: 'CONTROL_FAILED', message: 'Cannot count' } })
  assert.equal((await ask(`${url}/healthz`)).status, 200)
})

test('a port that is taken is refused by name', async (t) => {
  const { port } = new URL(await serve(t))
  const address = { host: '127.0.0.1', port: Number(port) }
  const pages = { snapshot: () => snapshot, metrics: () => Promise.resolve('') }
  await assert.rejects(openAdminServer(address, pages), {
    code: 'PORT_TAKEN',
    message: `Cannot listen on 127.0.0.1:${port}: the port is taken`,
  })
})
