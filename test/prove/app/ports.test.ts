// Where an app is found that does not listen where it was told to.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { it } from 'node:test'
import { freePort, listen } from '../../support/free-port.ts'
import { appOf } from './app-of.ts'
import { ask, makeAppFolder, starterOf } from './support.ts'

it('a hard-coded port of a Node app behind npm start is another for each instance, and its own calls arrive', async (test) => {
  const folder = await makeAppFolder()
  const [port, other] = [await freePort(), await freePort()]
  const scripts = { start: `bash -c 'PORT=1 node hard-coded.cjs ${port} ${other}'` }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts }))
  const starter = await starterOf(test)
  const app = appOf(folder, ['npm', 'start'])
  const servers = await starter.startServers(app, 'private-disk', 2)
  assert.equal(new Set(servers.origins).size, 2)
  assert.equal(servers.portOf(2), port)
  assert.deepEqual(await Promise.all(servers.origins.map((origin) => ask(origin, '/self'))), [
    'direct',
    'direct',
  ])
})

it('a hard-coded port in another language gets a network for each instance, which reaches services of this machine', async (test) => {
  const folder = await makeAppFolder()
  const service = createServer((_, response) => response.end('from the service'))
  test.after(() => service.close())
  const command = ['python3', 'hard_coded.py', String(await freePort()), String(await listen(service))]
  const starter = await starterOf(test)
  const servers = await starter.startServers(appOf(folder, command), 'private-disk', 2)
  assert.deepEqual(await Promise.all(servers.origins.map((origin) => ask(origin))), [
    'from the service',
    'from the service',
  ])
  assert.match(servers.limits.join('\n'), /whatever PORT says/)
  const [origin] = servers.origins
  await servers.restart()
  assert.equal(await ask(origin), 'from the service')
})

it('a hard-coded port that somebody else has is no obstacle', async (test) => {
  const folder = await makeAppFolder()
  const service = createServer((_, response) => response.end('from the service'))
  const taken = createServer((_, response) => response.end('from a stranger'))
  test.after(() => {
    service.close()
    taken.close()
  })
  const command = ['python3', 'hard_coded.py', String(await listen(taken)), String(await listen(service))]
  const servers = await (await starterOf(test)).startServers(appOf(folder, command), 'single', 1)
  assert.equal(await ask(servers.origins[0]), 'from the service')
})

it('a hard-coded port of a Node app stays where it is over a restart', async (test) => {
  const folder = await makeAppFolder()
  const command = ['node', 'hard-coded.cjs', String(await freePort()), String(await freePort())]
  const servers = await (await starterOf(test)).startServers(appOf(folder, command), 'restart', 1)
  const [origin] = servers.origins
  await servers.restart()
  assert.equal(await ask(origin), 'direct')
  assert.deepEqual(servers.origins, [origin])
})

it('who listens on a port that was kept for an instance, and that it did not take, is a stranger', async (test) => {
  const folder = await makeAppFolder()
  const strangers: Server[] = []
  const inviting = createServer((request, response) => {
    const stranger = createServer((_, answer) => answer.end('from a stranger'))
    strangers.push(stranger)
    stranger.listen(Number(request.url?.slice(1)), '127.0.0.1', () => response.end())
  })
  const port = await listen(inviting)
  test.after(() => {
    for (const server of [inviting, ...strangers]) server.close()
  })
  const slow = `fetch('http://127.0.0.1:${port}/' + process.env.DROVER_PROVE_SPARE_PORTS.split(',')[0])
    .then(() => setTimeout(() => {
      require('http').createServer((_, response) => response.end('own')).listen(process.env.PORT)
    }, 600))`
  const starter = await starterOf(test)
  const app = appOf(folder, ['node', '-e', slow])
  await (await starter.startServers(app, 'single', 1)).stop()
  const servers = await starter.startServers(app, 'single', 1)
  assert.equal(await ask(servers.origins[0]), 'own')
})

it('PORT is enough for an app in Python', async (test) => {
  const folder = await makeAppFolder()
  const servers = await (
    await starterOf(test)
  ).startServers(appOf(folder, ['bash', '-c', 'python3 -m http.server $PORT']), 'shared-disk', 2)
  assert.match(await ask(servers.origins[1], '/doomed.txt'), /not for long/)
  assert.deepEqual(servers.limits, [])
})

for (const [how, what] of [
  ['late', 'late'],
  ['any', 'on any port'],
  ['six', 'on ::1 only'],
] as const) {
  it(`an app that listens ${what} is found, and was asked nothing before`, async (test) => {
    const folder = await makeAppFolder()
    const servers = await (
      await starterOf(test)
    ).startServers(appOf(folder, ['node', 'listens.cjs', how]), 'single', 1)
    assert.equal(await ask(servers.origins[0]), '1')
  })
}
