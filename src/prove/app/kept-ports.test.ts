// Two proofs at once are never given the same port.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { KeptPorts } from './kept-ports.ts'

test('a port is kept until it is released', async () => {
  const ports = new KeptPorts()
  const port = await ports.take()
  const other = createSocket('udp4')
  other.bind({ port, address: '127.0.0.1', exclusive: true })
  const [refused] = await once(other, 'error')
  assert.equal(Reflect.get(Object(refused), 'code'), 'EADDRINUSE')
  other.close()
  ports.release(port)
  const next = createSocket('udp4').bind({ port, address: '127.0.0.1', exclusive: true })
  await once(next, 'listening')
  next.close()
})

test('it is none of those that systems give out at random, and none twice', async () => {
  const ports = new KeptPorts()
  const taken = await Promise.all(Array.from({ length: 30 }, () => ports.take()))
  assert.equal(new Set(taken).size, 30)
  assert.ok(taken.every((port) => port >= 20_000 && port < 32_000))
  for (const port of taken) ports.release(port)
})
