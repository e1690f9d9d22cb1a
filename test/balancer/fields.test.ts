// What an instance and a client see of each other's header fields, on the wire.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

test("an instance sees the client's end-to-end fields in latin1, and who it is in our words only", async (t) => {
  const balancer = await startBalancer(t)
  let head = ''
  balancer.use(
    await startRawInstance(t, '1', ({ socket }, text) => {
      head = text
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send(
    'GET /a HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n' +
      'X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Drover-Instance: 7\r\nX_Forwarded_For: 6.6.6.6\r\n' +
      'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nTE: trailers\r\nX-Name: Caf\xe9\r\n\r\n',
  )
  await client.sees('\r\n\r\n')
  const isId = (line: string) => /^(x-request-id|traceparent): [\w-]+$/.test(line)
  assert.equal(head.split('\r\n').filter(isId).length, 2)
  const lines = head.split('\r\n').filter((line) => !isId(line))
  assert.deepEqual(lines, [
    'GET /a HTTP/1.1',
    'Host: shop.example',
    'X-Name: Caf\xe9',
    'Connection: keep-alive',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: shop.example',
    'Forwarded: for=127.0.0.1;proto=http;host="shop.example"',
  ])
})

test('a client sees the fields of the response, not those of the hop, and the instance in our word', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startRawInstance(t, 'seven', ({ socket }) => {
      socket.write(
        'HTTP/1.1 201 Caf\xe9\r\nX-Drover-Instance: forged\r\nX-Name: Caf\xe9\r\nConnection: X-Hop\r\nX-Hop: 1\r\n' +
          'Keep-Alive: timeout=1\r\nUpgrade: h2c\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nhi',
      )
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.ends()
  assert.deepEqual(client.received().split('\r\n'), [
    'HTTP/1.1 201 Caf\xe9',
    'X-Name: Caf\xe9',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    'Content-Length: 2',
    'x-drover-instance: seven',
    'Connection: close',
    '',
    'hi',
  ])
})

test('without reveal no response names its instance, whatever the app says', async (t) => {
  const balancer = await startBalancer(t, { reveal: false })
  balancer.use(
    await startHttpInstance(t, '1', (_request, response) => {
      response.setHeader('x-drover-instance', 'forged').end()
    }),
  )
  assert.equal((await call(balancer.port, '/')).instance, undefined)
})
