// TLS towards clients on real sockets: which certificate and protocol they get, and that no handshake ends more than its
// own connection.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectNet } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { Certificates } from '../../src/balancer/client/certificates.ts'
import type { ClientAddress } from '../../src/balancer/client/client-stream.ts'
import { readProxyHeader } from '../../src/balancer/client/proxy-protocol.ts'
import { until } from '../support/until.ts'
import { selfSigned } from './support/certificate.ts'
import { connectRaw } from './support/client.ts'
import { certificateFiles, startTlsFront, type TlsFrontOptions } from './support/tls-front.ts'

/** Answers every secure connection with the protocol, and who the client is; then echoes. */
function start(t: TestContext, options: Partial<TlsFrontOptions> = {}) {
  return startTlsFront(t, {
    onSecure: (socket, protocol, client) => {
      socket.on('error', () => socket.destroy())
      socket.write(`${protocol} ${client.remoteAddress} ${client.encrypted}\n`)
      socket.pipe(socket)
    },
    ...options,
  })
}

async function secure(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** The names of the certificate a client is shown. */
async function shown(t: TestContext, port: number, servername?: string): Promise<string | undefined> {
  const socket = await secure(t, port, servername === undefined ? {} : { servername })
  return socket.getPeerX509Certificate()?.subjectAltName
}

test('a client gets HTTP/2 when it speaks it, and HTTP/1.1 otherwise', async (t) => {
  const { port } = await start(t)
  const greets = async (options: ConnectionOptions) => {
    const [chunk] = (await once(await secure(t, port, options), 'data')) as [Buffer]
    return chunk.toString()
  }
  assert.equal(await greets({ ALPNProtocols: ['http/1.1', 'h2'] }), 'h2 127.0.0.1 true\n')
  assert.equal(await greets({ ALPNProtocols: ['http/1.1'] }), 'http/1.1 127.0.0.1 true\n')
  assert.equal(await greets({}), 'http/1.1 127.0.0.1 true\n')
  await assert.rejects(greets({ ALPNProtocols: ['spdy/3'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  })
})

test('a client is shown the certificate of the host it names', async (t) => {
  const files = certificateFiles(
    t,
    selfSigned('first.test'),
    selfSigned('*.wild.test'),
    selfSigned('a.wild.test'),
  )
  const { port } = await start(t, { certificates: new Certificates({ certificates: files }) })
  assert.equal(await shown(t, port, 'a.wild.test'), 'DNS:a.wild.test')
  assert.equal(await shown(t, port, 'b.wild.test'), 'DNS:*.wild.test')
  assert.equal(await shown(t, port, 'unknown.test'), 'DNS:first.test')
  assert.equal(await shown(t, port), 'DNS:first.test')
})

test('new certificates are shown from the next handshake on, and open connections stay', async (t) => {
  const [files] = certificateFiles(t, selfSigned('before.test'))
  assert.ok(files !== undefined)
  const certificates = new Certificates({ certificates: [files] })
  const { port } = await start(t, { certificates })
  const open = await secure(t, port)
  await once(open, 'data')
  const renewed = selfSigned('after.test')
  writeFileSync(files.cert, renewed.cert)
  writeFileSync(files.key, renewed.key)
  certificates.reload()
  assert.equal(await shown(t, port), 'DNS:after.test')
  assert.equal(await shown(t, port, 'after.test'), 'DNS:after.test')
  writeFileSync(files.key, 'garbage')
  assert.throws(() => {
    certificates.reload()
  })
  assert.equal(await shown(t, port), 'DNS:after.test')
  open.write('still here')
  assert.deepEqual(await once(open, 'data'), [Buffer.from('still here')])
})

test('the lowest version is 1.2, or what the options say', async (t) => {
  const files = certificateFiles(t, selfSigned('localhost'))
  const newer = await start(t, {
    certificates: new Certificates({ certificates: files, minVersion: 'TLSv1.3' }),
  })
  const usual = await start(t, { certificates: new Certificates({ certificates: files }) })
  const old: ConnectionOptions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }
  assert.equal((await secure(t, usual.port, old)).getProtocol(), 'TLSv1.2')
  assert.equal((await secure(t, newer.port)).getProtocol(), 'TLSv1.3')
  await assert.rejects(secure(t, newer.port, old))
  const oldest: ConnectionOptions = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  }
  await assert.rejects(secure(t, usual.port, oldest))
})

test('a session is resumed by its ticket', async (t) => {
  const { port } = await start(t)
  const first = await secure(t, port)
  const [session] = (await once(first, 'session')) as [Buffer]
  assert.equal((await secure(t, port, { session })).isSessionReused(), true)
})

test('who does not shake hands is let go, and nobody else notices', async (t) => {
  const { port, acceptor, sockets } = await start(t)
  const open = await secure(t, port)
  await once(open, 'data')
  const plain = await connectRaw(t, port)
  plain.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await plain.ends()
  const garbage = await connectRaw(t, port)
  garbage.send('\x16\x03\x01\x00\x05hello and more')
  await garbage.ends()
  const gone = await connectRaw(t, port)
  gone.send('\x16\x03\x01\x02\x00\x01')
  await until('the handshake has begun', () => acceptor.size > 0)
  gone.socket.resetAndDestroy()
  const halfClosed = await connectRaw(t, port)
  halfClosed.socket.end()
  await halfClosed.ends()
  await until('only the one that shook hands is left', () => sockets.size === 1 && acceptor.size === 0)
  open.write('still here')
  assert.deepEqual(await once(open, 'data'), [Buffer.from('still here')])
})

test('a handshake has its time, however the bytes come', async (t) => {
  const { port, acceptor } = await start(t, { limits: { handshakeTimeoutMs: 150 } })
  const mute = connectNet({ port, host: '127.0.0.1' }).on('error', () => undefined)
  const slow = connectNet({ port, host: '127.0.0.1' }).on('error', () => undefined)
  slow.write('\x16\x03\x01\x02\x00\x01', 'latin1')
  const drip = setInterval(() => slow.write('\0'), 10)
  t.after(() => {
    clearInterval(drip)
  })
  await until('both are let go', () => mute.resume().destroyed && slow.resume().destroyed)
  assert.equal(acceptor.size, 0)
})

test('destroy ends the handshakes under way and no others', async (t) => {
  const { port, acceptor, sockets } = await start(t)
  const open = await secure(t, port)
  await once(open, 'data')
  const mute = await connectRaw(t, port)
  await until('a handshake has begun', () => acceptor.size === 1)
  acceptor.destroy()
  await mute.ends()
  await until('one is left', () => sockets.size === 1)
  assert.equal(open.destroyed, false)
})

test('a handshake that came together with a PROXY header is complete', async (t) => {
  const told: ClientAddress[] = []
  const { port } = await start(t, {
    before: async (raw) => {
      const source = await readProxyHeader(raw, 10_000)
      assert.ok(source !== 'local')
      return { ...source, encrypted: false }
    },
    onSecure: (socket, _protocol, client) => {
      told.push(client)
      socket.end('hello')
    },
  })
  const raw = connectNet({ port, host: '127.0.0.1' })
  t.after(() => raw.destroy())
  // Corked, so that the hello of TLS leaves in one packet with the header.
  raw.cork()
  raw.write('PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n')
  const socket = connect({ socket: raw, rejectUnauthorized: false })
  process.nextTick(() => {
    raw.uncork()
  })
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'hello')
  assert.deepEqual(told, [{ remoteAddress: '192.0.2.7', remotePort: 56_324, encrypted: true }])
})
