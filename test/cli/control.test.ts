// The control API over real Unix sockets: who may have the socket, and what happens when either side misbehaves.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, stat, unlink, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { connect, createServer as createSocketServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { spawn } from 'node:child_process'
import { DroverError } from '../../src/base/errors.ts'
import type { FleetCommands } from '../../src/control/commands.ts'
import { openControlServer } from '../../src/control/server.ts'
import { snapshot } from '../support/sample-snapshot.ts'
import { until } from '../support/until.ts'
import { clientOf, commands, reloaded, serveFleet } from './fake-fleet.ts'
import { makeFolder } from './terminal.ts'

const currentDir = process.cwd()

async function serve(t: TestContext, over: Partial<FleetCommands> = {}): Promise<string> {
  return (await serveFleet(t, over)).stateDir
}

test('openControlServer makes a folder and a socket that only their owner may use', async (t) => {
  const stateDir = await serve(t)
  assert.equal((await stat(stateDir)).mode & 0o777, 0o700)
  assert.equal((await stat(join(stateDir, 'control.sock'))).mode & 0o777, 0o600)
})

test('ControlClient carries each command and its answer', async (t) => {
  const killed: string[] = []
  const kill = (id: string) => {
    killed.push(id)
    return { id, pid: 7 }
  }
  const client = clientOf(await serve(t, { kill }))
  assert.deepEqual(await client.status(), snapshot)
  assert.deepEqual(await client.kill('a/b'), { id: 'a/b', pid: 7 })
  assert.deepEqual(killed, ['a/b'])
  assert.equal(await client.metrics(), 'drover_up 1\n')
  assert.deepEqual(await client.reload({ balancers: false }, 1_000), reloaded)
  assert.deepEqual(await client.drain('2', 1_000), { id: '2' })
  assert.deepEqual(await client.scale(5), { instances: 5, autoscale: null })
  assert.deepEqual(await client.abortDeploy(), { version: null })
  assert.deepEqual(await client.history(), [])
  assert.deepEqual(await client.stop(1_000), { pid: process.pid })
})

test('ControlClient says of a request that the fleet does not know that it runs an older Drover', async (t) => {
  const stateDir = await makeFolder()
  const server = createServer((asked, response) => {
    const status = asked.url === '/deploy/abort' ? 405 : 404
    response.writeHead(status)
    response.end('{"error":{"code":"CONTROL_FAILED","message":"Cannot answer: there is no such request"}}')
  })
  await listenOn(t, server, join(stateDir, 'control.sock'))
  const client = clientOf(stateDir)
  const older = { code: 'CONTROL_FAILED', message: /^Cannot do that: the fleet runs an older Drover/ }
  const calls = [
    () => client.deploy({}, () => undefined),
    () => client.abortDeploy(),
    () => client.history(),
    () => client.scale('auto'),
    () => client.drain('1', 1_000),
    () => client.logs({ lines: 1, follow: true }, () => undefined, new AbortController().signal),
  ]
  for (const call of calls) await assert.rejects(call(), older)
})

test('ControlClient rejects with the code that the fleet threw', async (t) => {
  const kill = () => {
    throw new DroverError('INSTANCE_NOT_RUNNING', 'Cannot kill instance "2": no process runs')
  }
  const stop = () => Promise.reject(new Error('it broke'))
  const client = clientOf(await serve(t, { kill, stop }))
  await assert.rejects(client.kill('2'), {
    code: 'INSTANCE_NOT_RUNNING',
    message: 'Cannot kill instance "2": no process runs',
  })
  await assert.rejects(client.stop(1_000), { code: 'CONTROL_FAILED', message: 'it broke' })
})

test('ControlClient says whether the balancers are to be replaced too, and passes on why not', async (t) => {
  const asked: boolean[] = []
  const reload = ({ balancers }: { readonly balancers: boolean }) => {
    asked.push(balancers)
    return Promise.reject(new DroverError('OPTION_INVALID', 'Cannot use port "x" in drover.config.ts'))
  }
  const client = clientOf(await serve(t, { reload }))
  for (const balancers of [true, false]) {
    await assert.rejects(client.reload({ balancers }, 1_000), {
      code: 'OPTION_INVALID',
      message: 'Cannot use port "x" in drover.config.ts',
    })
  }
  assert.deepEqual(asked, [true, false])
})

test('ControlClient gives up waiting for a stop when told to', async (t) => {
  const stopping = Promise.withResolvers<void>()
  t.after(() => {
    stopping.resolve()
  })
  const client = clientOf(await serve(t, { stop: () => stopping.promise }))
  await assert.rejects(client.stop(50), {
    code: 'CONTROL_FAILED',
    message: 'Cannot reach the fleet in here: no answer in 0.05 s',
  })
})

test('ControlClient tells that nothing runs: no folder, no socket, or one nobody listens on', async () => {
  const folder = await makeFolder()
  for (const stateDir of [join(folder, 'none'), folder, await abandonedSocket(folder)]) {
    const client = clientOf(stateDir)
    await assert.rejects(client.status(), {
      code: 'FLEET_NOT_RUNNING',
      message: 'Cannot reach a fleet in here: nothing is running there',
    })
    assert.equal(await client.isRunning(), false)
  }
})

test('openControlServer replaces the socket of a killed primary', async (t) => {
  const stateDir = await abandonedSocket(await makeFolder())
  const server = await openControlServer(stateDir, currentDir, commands())
  t.after(() => server.close())
  assert.equal(await clientOf(stateDir).isRunning(), true)
})

test('openControlServer leaves a socket that is answered, and another kind of file, alone', async (t) => {
  const stateDir = await serve(t)
  await assert.rejects(openControlServer(stateDir, currentDir, commands()), { code: 'FLEET_ALREADY_RUNNING' })
  assert.equal(await clientOf(stateDir).isRunning(), true)
  const folder = await makeFolder()
  await writeFile(join(folder, 'control.sock'), 'precious')
  await assert.rejects(openControlServer(folder, currentDir, commands()), {
    code: 'CONTROL_FAILED',
    message: /: another kind of file is there$/,
  })
})

test('openControlServer removes its socket when closed', async () => {
  const stateDir = await makeFolder()
  const server = await openControlServer(stateDir, currentDir, commands())
  await server.close()
  await assert.rejects(stat(join(stateDir, 'control.sock')), { code: 'ENOENT' })
})

test('a control socket that was removed is opened again, and who was connected is still answered', async (t) => {
  const stateDir = await makeFolder()
  const stopping = Promise.withResolvers<void>()
  let isAsked = false
  const stop = () => {
    isAsked = true
    return stopping.promise
  }
  const server = await openControlServer(stateDir, currentDir, commands({ stop }))
  t.after(() => server.close())
  await server.keep()
  const stopped = clientOf(stateDir).stop(10_000)
  await until('it is asked', () => isAsked)
  await unlink(join(stateDir, 'control.sock'))
  assert.equal(await clientOf(stateDir).isRunning(), false)
  await server.keep()
  assert.equal(await clientOf(stateDir).isRunning(), true)
  stopping.resolve()
  assert.deepEqual(await stopped, { pid: process.pid })
})

test('a control server that closes leaves the socket of another one alone', async (t) => {
  const stateDir = await makeFolder()
  const first = await openControlServer(stateDir, currentDir, commands())
  await unlink(join(stateDir, 'control.sock'))
  const second = await openControlServer(stateDir, currentDir, commands())
  t.after(() => second.close())
  await first.close()
  assert.equal(await clientOf(stateDir).isRunning(), true)
})

test('openControlServer refuses a state folder whose path is too long for a socket', async () => {
  const stateDir = join(await makeFolder(), 'd'.repeat(120))
  await assert.rejects(openControlServer(stateDir, currentDir, commands()), {
    code: 'OPTION_INVALID',
    message: /its control socket's path would be \d+ bytes long, wanted at most 103$/,
  })
})

test('openControlServer answers an unknown request with 404, and one too large with an error', async (t) => {
  const socketPath = join(await serve(t), 'control.sock')
  assert.equal(await send(socketPath, 'GET', '/nothing'), 404)
  assert.equal(await send(socketPath, 'GET', '/stop'), 405)
  assert.equal(await send(socketPath, 'POST', '/instances/1/kill', 'x'.repeat(1_000)), 200)
  assert.equal(await send(socketPath, 'POST', '/instances/1/kill', 'x'.repeat(1_000_000)), 500)
  assert.equal(await send(socketPath, 'POST', '/deploy', 'x'), 400)
  assert.equal(await send(socketPath, 'POST', '/deploy', '{"later":1}'), 400)
})

const misbehaviours: readonly (readonly [title: string, answer: string | undefined, message: RegExp])[] = [
  ['hangs up', undefined, /^Cannot reach the fleet in here: socket hang up$/],
  ['speaks no HTTP', 'hello\n', /^Cannot reach the fleet in here: Parse Error: /],
  [
    'answers with something else',
    'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>',
    /^Cannot read the fleet's answer \(status 200\): /,
  ],
  [
    'breaks off',
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"state":',
    /^Cannot reach the fleet in here: aborted$/,
  ],
]

for (const [title, answer, message] of misbehaviours) {
  test(`ControlClient says so when the other side ${title}`, async (t) => {
    const stateDir = await makeFolder()
    const server = createSocketServer((socket) => {
      socket.once('data', () => {
        socket.end(answer ?? '')
      })
    })
    await listenOn(t, server, join(stateDir, 'control.sock'))
    await assert.rejects(clientOf(stateDir).status(), { code: 'CONTROL_FAILED', message })
  })
}

test('ControlClient stops reading an answer that never ends', async (t) => {
  const stateDir = await makeFolder()
  const server = createServer((_, response) => {
    response.end('x'.repeat(5 * 1024 * 1024))
  })
  await listenOn(t, server, join(stateDir, 'control.sock'))
  await assert.rejects(clientOf(stateDir).status(), {
    code: 'CONTROL_FAILED',
    message: /it is over \d+ bytes$/,
  })
})

async function listenOn(t: TestContext, server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
  t.after(() => {
    server.close()
  })
}

/** A socket file whose listener was killed: what a primary leaves behind after SIGKILL. */
async function abandonedSocket(folder: string): Promise<string> {
  const stateDir = join(folder, 'abandoned')
  await mkdir(stateDir, { recursive: true })
  const path = join(stateDir, 'control.sock')
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)})`
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  await until('the socket is there', () =>
    stat(path).then(
      () => isAnswered(path),
      () => false,
    ),
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  return stateDir
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}

async function send(socketPath: string, method: string, path: string, body = ''): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  request({ socketPath, method, path, agent: false }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
    .once('error', reject)
    .end(body)
  return promise
}
