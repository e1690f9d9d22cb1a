// Answers that are told as they happen, over real Unix sockets: deploys and logs, with readers that go away or stand still.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import type { LogEntry } from '../../src/control/commands.ts'
import type { DeployEnded, DeployEvent, DeployRequest } from '../../src/control/deploying.ts'
import { LogBook, maxLogLines } from '../../src/runtime/log-book.ts'
import { until } from '../support/until.ts'
import { clientOf, ended, serveFleet } from './fake-fleet.ts'
import { makeFolder } from './terminal.ts'

const begun: DeployEvent = { kind: 'begun', version: 'v2', number: 2, replaces: 'v1', instances: 2 }
const progress: DeployEvent = { kind: 'progress', exchanged: 1, of: 2, elapsedMs: 900 }

function line(text: string, id = '1') {
  return { atMs: 1, id, stream: 'stdout', text } as const
}

test('a deploy is told step by step, and its end is what the client resolves to', async (t) => {
  const asked: DeployRequest[] = []
  const goOn = Promise.withResolvers<void>()
  const { stateDir } = await serveFleet(t, {
    deploy: async (request, onEvent) => {
      asked.push(request)
      onEvent(begun)
      await goOn.promise
      onEvent(progress)
      onEvent(ended)
      return ended
    },
  })
  const request = { dir: '/srv', command: ['node', 'a.ts'], env: { A: 'x'.repeat(100_000) }, surge: 2 }
  const events: DeployEvent[] = []
  const end = await clientOf(stateDir).deploy(request, (event) => {
    events.push(event)
    // Told while the deploy goes on, or it never would.
    goOn.resolve()
  })
  assert.deepEqual(end, ended)
  assert.deepEqual(events, [begun, progress])
  assert.deepEqual(asked, [request])
})

test('a deploy that cannot begin is refused by its code, and one that breaks later too', async (t) => {
  const { stateDir } = await serveFleet(t, {
    deploy: () => Promise.reject(new DroverError('DEPLOY_RUNNING', 'Cannot deploy: v3 is')),
    rollback: (request, onEvent) => {
      onEvent(begun)
      return Promise.reject(new DroverError('CONTROL_FAILED', `Cannot go back to ${request.number}`))
    },
  })
  const client = clientOf(stateDir)
  await assert.rejects(
    client.deploy({}, () => undefined),
    {
      code: 'DEPLOY_RUNNING',
      message: 'Cannot deploy: v3 is',
    },
  )
  const events: DeployEvent[] = []
  const rollback = client.rollback({ number: 4 }, (event) => events.push(event))
  await assert.rejects(rollback, { code: 'CONTROL_FAILED', message: 'Cannot go back to 4' })
  assert.deepEqual(events, [begun])
})

test('a deploy goes on when whoever asked for it goes away', async (t) => {
  const goOn = Promise.withResolvers<void>()
  let outcome: DeployEnded | undefined
  const { stateDir } = await serveFleet(t, {
    deploy: async (_, onEvent) => {
      onEvent(begun)
      await goOn.promise
      onEvent(progress)
      outcome = ended
      return ended
    },
  })
  const socket = connect(join(stateDir, 'control.sock'))
  socket.write('POST /deploy HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
  await once(socket, 'data')
  socket.destroy()
  await once(socket, 'close')
  goOn.resolve()
  await until('the deploy is over', () => outcome === ended)
  assert.equal((await clientOf(stateDir).status()).state, 'running')
})

test('a client says so when the fleet breaks off in the middle of a deploy', async (t) => {
  const stateDir = await makeFolder()
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  const text = `${JSON.stringify(begun)}\n\n`
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.end(`${head}${text.length.toString(16)}\r\n${text}\r\n`)
    })
  })
  server.listen(join(stateDir, 'control.sock'))
  await once(server, 'listening')
  t.after(() => server.close())
  const events: DeployEvent[] = []
  const deploy = clientOf(stateDir).deploy({}, (event) => events.push(event))
  await assert.rejects(deploy, {
    code: 'CONTROL_FAILED',
    message: /^Cannot reach the fleet in here: aborted$/,
  })
  assert.deepEqual(events, [begun])
})

test('logs are told from the last lines on, until the client has enough', async (t) => {
  const book = new LogBook(() => ['1', '2'])
  const { stateDir } = await serveFleet(t, {
    logs: (request, onEntry, signal) => book.read(request, onEntry, signal),
  })
  for (const text of ['a', 'b', 'c']) book.add(line(text))
  const client = clientOf(stateDir)
  const entries: LogEntry[] = []
  await client.logs(
    { lines: 2, follow: false },
    (entry) => {
      entries.push(entry)
    },
    new AbortController().signal,
  )
  assert.deepEqual(entries, [line('b'), line('c')])
  const over = new AbortController()
  const texts: string[] = []
  await client.logs(
    { lines: 1, follow: true, instance: '1' },
    (entry) => {
      texts.push('text' in entry ? entry.text : 'gap')
      if (texts.length === 3) over.abort()
      else book.add(line(`${texts.length}`))
    },
    over.signal,
  )
  assert.deepEqual(texts, ['c', '1', '2'])
  await assert.rejects(
    client.logs({ lines: 1, follow: false, instance: '9' }, () => undefined, new AbortController().signal),
    { code: 'INSTANCE_UNKNOWN', message: 'Cannot read the lines of "9": the fleet has 1, 2' },
  )
})

test('a reader of the log that goes away is let go, and one that follows is told when the fleet has stopped', async (t) => {
  const signals: AbortSignal[] = []
  const fleet = await serveFleet(t, {
    logs: async (_, onEntry, signal) => {
      signals.push(signal)
      await onEntry(line('hello'))
      if (!signal.aborted) await once(signal, 'abort')
    },
  })
  const client = clientOf(fleet.stateDir)
  const leaving = new AbortController()
  await client.logs(
    { lines: 1, follow: true },
    () => {
      leaving.abort()
    },
    leaving.signal,
  )
  await until('the first reader is let go', () => signals[0]?.aborted === true)
  const staying = client.logs({ lines: 1, follow: true }, () => undefined, new AbortController().signal)
  await until('the second reader is there', () => signals.length === 2)
  await fleet.close()
  await staying
})

test('a reader of the log that stands still holds nobody up and costs no memory: it is told how much it missed', async (t) => {
  const book = new LogBook(() => ['1'])
  const { stateDir } = await serveFleet(t, {
    logs: (request, onEntry, signal) => book.read(request, onEntry, signal),
  })
  book.add(line('first'))
  const socket = connect(join(stateDir, 'control.sock'))
  t.after(() => socket.destroy())
  socket.setEncoding('utf8')
  socket.write('GET /logs?follow HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  const long = 'x'.repeat(1_000)
  // Far more than the buffers of the kernel and of both sides take.
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < maxLogLines; index += 1) book.add(line(long))
    assert.equal((await clientOf(stateDir).status()).state, 'running')
  }
  book.add(line('last'))
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.resume()
  await until('the last line is told', () => text.includes('"last"'))
  const told = text.split('"text":').length - 1
  const dropped = [...text.matchAll(/\{"dropped":(\d+)\}/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
  assert.ok(dropped > 0)
  // The first line was told before.
  assert.equal(told + dropped, 4 * maxLogLines + 1)
})

test('a reader of a deploy that stands still misses steps, but neither holds the deploy up nor misses its end', async (t) => {
  const { stateDir } = await serveFleet(t, {
    deploy: async (_, onEvent) => {
      const detail = 'x'.repeat(10_000)
      const step = { kind: 'instance', id: '1', version: 'v2', step: 'died', elapsedMs: 1, detail } as const
      for (let index = 0; index < 1_000; index += 1) onEvent(step)
      return Promise.resolve(ended)
    },
  })
  let told = 0
  const end = await clientOf(stateDir).deploy({}, () => {
    told += 1
  })
  assert.deepEqual(end, ended)
  assert.ok(told > 0 && told < 1_000, `${told} steps`)
})

test('however many follow the log, others are answered, and one too many is told so', async (t) => {
  let following = 0
  const { stateDir } = await serveFleet(t, {
    logs: async (_request, _onEntry, signal) => {
      following += 1
      await once(signal, 'abort')
      following -= 1
    },
  })
  const over = new AbortController()
  const client = clientOf(stateDir)
  const follow = () => client.logs({ lines: 0, follow: true }, () => undefined, over.signal)
  const readers = Array.from({ length: 64 }, () => follow().then(() => 'told', String))
  await until('as many follow as may', () => following === 32)
  await assert.rejects(follow(), { code: 'CONTROL_FAILED', message: /^Cannot read the log: 32 others/ })
  assert.equal((await client.status()).state, 'running')
  over.abort()
  const refused = (await Promise.all(readers)).filter((end) => end !== 'told')
  assert.equal(refused.length, 32)
  await until('their places are free', () => following === 0)
})
