// Sockets that a service manager hands down, as systemd does: descriptor 3, and the environment says for whom.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type ListenOptions } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inheritedHandle, missedSocket } from '../../src/runtime/bound-handle.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('fixtures/takes-socket.ts', import.meta.url))

interface Socket {
  readonly port: number
  readonly descriptor: number
  /** Leaves it to those it was handed to. */
  readonly leave: () => void
}

/** A socket that listens, and on which this process accepts nothing once it has left it. */
async function openSocket(t: TestContext, where: ListenOptions): Promise<Socket> {
  const server = createServer()
  server.listen(where)
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return { port, descriptor: descriptorOf(Reflect.get(server, '_handle')), leave: () => server.close() }
}

function descriptorOf(handle: unknown): number {
  if (typeof handle !== 'object' || handle === null) throw new Error('the server has no handle')
  return Number(Reflect.get(handle, 'fd'))
}

/** Starts the program with `descriptor` as its third; the shell becomes the program, so that its pid is the program's. */
function launch(t: TestContext, descriptor: number | 'ignore', environment = 'LISTEN_PID=$$ LISTEN_FDS=1') {
  const child = spawn(
    '/bin/sh',
    ['-c', `${environment} exec "$@"`, 'sh', process.execPath, '--conditions=source', program],
    {
      stdio: ['ignore', 'pipe', 'inherit', descriptor],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  return {
    says: () => until('it says something', () => output.split('\n', 1)[0]),
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      return Number(code)
    },
  }
}

for (const [name, where, shown] of [
  ['IPv4', { host: '127.0.0.1', port: 0 }, '127.0.0.1'],
  ['IPv6', { host: '::1', port: 0 }, '[::1]'],
] as const) {
  test(`balancers serve on a socket that was handed down, ${name}; who came before they did waits`, async (t) => {
    const socket = await openSocket(t, where)
    const running = launch(t, socket.descriptor)
    socket.leave()
    const early = connect(socket.port, where.host)
    t.after(() => early.destroy())
    early.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.equal(await running.says(), `http://${shown}:${socket.port}`)
    // Nothing is behind them: it is the balancer that answers.
    assert.match(await text(early), /^HTTP\/1\.1 503 /)
    assert.equal(await running.stop(), 0)
  })
}

test('what is no TCP socket to listen on is refused by name', async (t) => {
  const folder = await temporaryFolder('socket')
  const unix = await openSocket(t, { path: join(folder, 'socket') })
  const tcp = await openSocket(t, { host: '127.0.0.1', port: 0 })
  const client = connect({ host: '127.0.0.1', port: tcp.port })
  t.after(() => client.destroy())
  await once(client, 'connect')
  const connection = descriptorOf(Reflect.get(client, '_handle'))
  const refused = await Promise.all(
    [launch(t, unix.descriptor), launch(t, 'ignore'), launch(t, connection)].map(({ says }) => says()),
  )
  const start = 'DroverError: Cannot take over the socket of the service manager:'
  assert.deepEqual(refused, [
    `${start} it is a Unix socket; wanted a TCP port`,
    `${start} it is no stream socket (EINVAL); wanted ListenStream`,
    `${start} it is a connection; wanted Accept=no`,
  ])
})

test('what is meant for another process is left alone, and several sockets are refused', () => {
  assert.equal(inheritedHandle({}, 5), undefined)
  assert.equal(inheritedHandle({ LISTEN_PID: '4', LISTEN_FDS: '1' }, 5), undefined)
  assert.equal(inheritedHandle({ LISTEN_PID: '5', LISTEN_FDS: '0' }, 5), undefined)
  assert.match(
    missedSocket({ LISTEN_PID: '4', LISTEN_FDS: '1' }, 5) ?? '',
    /handed to process 4, not to this one/,
  )
  assert.equal(missedSocket({ LISTEN_PID: '5', LISTEN_FDS: '1' }, 5), undefined)
  assert.equal(missedSocket({}, 5), undefined)
  assert.equal(inheritedHandle({ LISTEN_FDS: '1' }, 5), undefined)
  for (const count of ['2', 'one'])
    assert.throws(() => inheritedHandle({ LISTEN_PID: '5', LISTEN_FDS: count }, 5), {
      code: 'OPTION_INVALID',
      message: `Cannot take over the socket of the service manager: LISTEN_FDS is "${count}"; wanted 1`,
    })
})
