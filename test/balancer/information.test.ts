// Interim responses: the instance decides whether a body is wanted, and its word reaches the client before the answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

const askFirst = 'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'

test('an instance that wants the body says 100, and the client sends it then', async (t) => {
  const balancer = await startBalancer(t)
  let asked = 0
  const instance = await startHttpInstance(t, '1', (request, response) => {
    request.on('data', (chunk) => response.write(`got ${String(chunk)}`)).on('end', () => response.end())
  })
  instance.server.on('checkContinue', (request, response) => {
    asked++
    response.writeContinue()
    instance.server.emit('request', request, response)
  })
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(askFirst)
  await client.sees('HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hello')
  await client.sees('got hello')
  assert.equal(asked, 1)
  assert.equal(client.received().match(/HTTP\/1\.1 /g)?.length, 2)
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
})

for (const status of [417, 413]) {
  test(`an instance that does not want the body says ${status}: no 100, no body, the connection closes`, async (t) => {
    const balancer = await startBalancer(t)
    const bodies: string[] = []
    const instance = await startHttpInstance(t, '1', () => undefined)
    instance.server.on('checkContinue', (request, response) => {
      request.on('data', (chunk) => bodies.push(String(chunk)))
      response.writeHead(status).end('no, thanks')
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(askFirst)
    assert.equal(await client.ends(), 'closed')
    assert.match(
      client.received(),
      new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close[^]*no, thanks`, 'i'),
    )
    assert.doesNotMatch(client.received(), /100 Continue/)
    assert.deepEqual(bodies, [])
    await balancer.quiet()
  })
}

test('a client is told to go on once, though two instances were asked', async (t) => {
  const balancer = await startBalancer(t, { random: () => 0 })
  const dying = await startRawInstance(t, '1', (connection) => {
    connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    void until('the body came', () => connection.received().endsWith('hello')).then(() =>
      connection.socket.resetAndDestroy(),
    )
  })
  const living = await startHttpInstance(t, '2', (request, response) => {
    request.on('data', (chunk) => response.write(`got ${String(chunk)}`)).on('end', () => response.end())
  })
  balancer.use(dying, living)
  const client = await connectRaw(t, balancer.port)
  client.send(askFirst)
  await client.sees('100 Continue')
  client.send('hello')
  await client.sees('got hello')
  assert.equal(client.received().match(/100 Continue/g)?.length, 1)
  assert.ok(client.received().includes('x-drover-instance: 2'))
})

test('other informations pass on as they come, without the fields of the hop', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startRawInstance(t, '1', ({ socket }) => {
    socket.write('HTTP/1.1 102 Processing\r\n\r\n')
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </caf\xe9.css>\r\nConnection: X\r\nX: y\r\n\r\n')
  })
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.sees('</caf\xe9.css>\r\n\r\n')
  const [socket] = instance.sockets
  socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
  await client.sees('\r\n\r\nhi')
  assert.ok(
    client
      .received()
      .startsWith(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </caf\xe9.css>\r\n\r\nHTTP/1.1 200 OK\r\n',
      ),
    client.received(),
  )
})

test('a client of HTTP/1.0 is told no information', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send('GET / HTTP/1.0\r\n\r\n')
  await client.ends()
  assert.ok(client.received().startsWith('HTTP/1.1 200 OK\r\n'))
})
