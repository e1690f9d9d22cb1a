// Thousands of clients at a time: what the balancer holds for each is bounded, and it goes on serving.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { until } from '../../support/until.ts'
import { call } from '../support/client.ts'
import { startHttpInstance } from '../support/instance.ts'
import { startBalancerChild } from './support/balancer-child.ts'

const together = 64
const megabyte = 1024 * 1024

interface Client {
  readonly socket: Socket
  closed: boolean
}

/** Clients of one test, all reset at its end: a reset leaves no port waiting. Begun before whatever they talk to. */
class Crowd {
  readonly clients: Client[] = []

  constructor(t: TestContext) {
    t.after(() => {
      for (const { socket } of this.clients) socket.resetAndDestroy()
    })
  }

  /** Opens so many connections, each of which says this and reads when `reads`. */
  async open(port: number, count: number, text: string, reads: boolean): Promise<readonly Client[]> {
    const opened: Client[] = []
    for (let begun = 0; begun < count; begun += together) {
      const batch = Array.from({ length: Math.min(together, count - begun) }, () =>
        openOne(port, text, reads),
      )
      opened.push(...(await Promise.all(batch)))
    }
    this.clients.push(...opened)
    return opened
  }

  get closed(): number {
    return this.clients.filter(({ closed }) => closed).length
  }
}

function openOne(port: number, text: string, reads: boolean): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    const client = { socket, closed: false }
    socket.once('error', reject)
    socket.once('close', () => {
      client.closed = true
    })
    socket.once('connect', () => {
      socket.on('error', () => undefined).off('error', reject)
      if (reads) socket.resume()
      else socket.pause()
      if (text === '') resolve(client)
      else {
        socket.write(text, () => {
          resolve(client)
        })
      }
    })
  })
}

function openFilesLimit(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return text === 'unlimited' ? Infinity : Number(text)
}

test('2,000 connections with half a head cost little memory each, and others are served meanwhile', async (t) => {
  const crowd = new Crowd(t)
  const instance = await startHttpInstance(t, '1', (_request, response) => response.end('done'))
  const balancer = await startBalancerChild(t, [instance.upstream])
  const half = `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(1_000)}\r\nX-B`
  await crowd.open(balancer.port, 100, half, true)
  const before = await balancer.memory()
  const count = 2_000
  await crowd.open(balancer.port, count, half, true)
  assert.equal((await call(balancer.port, '/')).text, 'done')
  const bytes = ((await balancer.memory()) - before) / count
  t.diagnostic(`${Math.round(bytes)} bytes per connection with half a head`)
  assert.ok(bytes < 32 * 1024, `${bytes} bytes each`)
  assert.equal(crowd.closed, 0)
})

test('100 clients that leave large answers unread cost little memory each', async (t) => {
  const crowd = new Crowd(t)
  const block = Buffer.alloc(64 * 1024)
  let asked = 0
  const instance = await startHttpInstance(t, '1', (request, response) => {
    response.on('error', () => undefined)
    if (request.url !== '/large') {
      response.end('done')
      return
    }
    asked++
    response.setHeader('content-length', 32 * megabyte)
    let left = (32 * megabyte) / block.length
    const write = () => {
      while (left-- > 0) if (!response.write(block)) return
      if (left === -1) response.end()
    }
    response.on('drain', write)
    write()
  })
  const balancer = await startBalancerChild(t, [instance.upstream])
  const text = 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n'
  await crowd.open(balancer.port, 20, text, false)
  await until('the first are answered', () => asked === 20)
  const before = await balancer.memory()
  const count = 100
  await crowd.open(balancer.port, count, text, false)
  await until('all are answered', () => asked === 20 + count)
  assert.equal((await call(balancer.port, '/')).text, 'done')
  const bytes = ((await balancer.memory()) - before) / count
  t.diagnostic(`${Math.round(bytes)} bytes per unread answer`)
  assert.ok(bytes < megabyte, `${bytes} bytes each`)
})

test('10,000 idle connections are held, each of them still good for a request', async (t) => {
  const crowd = new Crowd(t)
  const wanted = 10_000
  // Some are the processes' own.
  const count = Math.min(wanted, Math.floor((openFilesLimit() - 500) / 5) * 5)
  if (count < wanted)
    t.diagnostic(`the system's limit of open files lets this hold ${count} only, not ${wanted}`)
  const instance = await startHttpInstance(t, '1', (_request, response) => response.end('done'))
  const balancer = await startBalancerChild(t, [instance.upstream])
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  await crowd.open(balancer.port, 100, request, true)
  const before = await balancer.memory()
  const used = await crowd.open(balancer.port, count / 5, request, true)
  const unused = await crowd.open(balancer.port, count - used.length, '', true)
  await until('those that asked are answered', () => used.every(({ socket }) => socket.bytesRead > 0))
  const bytes = ((await balancer.memory()) - before) / count
  t.diagnostic(`${Math.round(bytes)} bytes per idle connection, ${count} of them`)
  assert.ok(bytes < 32 * 1024, `${bytes} bytes each`)
  assert.equal(crowd.closed, 0)
  const sample = [...used, ...unused].filter((_client, index) => index % 50 === 0)
  const answered = sample.map(({ socket }) => socket.bytesRead)
  for (const { socket } of sample) socket.write(request)
  await until('each of a sample is answered again', () =>
    sample.every(({ socket }, index) => socket.bytesRead > (answered[index] ?? 0)),
  )
})
