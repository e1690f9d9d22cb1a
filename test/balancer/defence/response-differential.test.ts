// The same bytes, nearly a response, go to Node's own client directly and through our balancer. What passes the balancer
// must be read as Node reads the instance; what Node refuses must not come out of the balancer as a whole response.
import assert from 'node:assert/strict'
import { request as startRequest, type IncomingMessage } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { listen } from '../../support/free-port.ts'
import { startBalancer } from '../support/balancer.ts'
import { missingLines } from './support/meaning.ts'
import { nearlyResponses } from './support/response-grammar.ts'

const timeLimitMs = 3_000

interface Read {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly rawTrailers: readonly string[]
}

/** The response as Node's client reads it; undefined when it refuses it, or when it is cut short. */
function readResponse(port: number, method: string): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const request = startRequest({ host: '127.0.0.1', port, method, path: '/', agent: false })
    const refuse = () => {
      resolve(undefined)
    }
    request.once('error', refuse)
    request.once('upgrade', (_response, socket) => {
      socket.destroy()
      refuse()
    })
    request.once('response', (response) => {
      collect(response, resolve)
    })
    request.end()
  })
}

function collect(response: IncomingMessage, resolve: (read: Read | undefined) => void): void {
  let body = ''
  response.setEncoding('latin1').on('data', (text: string) => {
    body += text
  })
  response.once('error', () => {
    resolve(undefined)
  })
  response.once('close', () => {
    const { statusCode: status = 0, rawHeaders, rawTrailers, complete } = response
    resolve(complete ? { status, rawHeaders, body, rawTrailers } : undefined)
  })
}

/** Answers whatever it is asked with these bytes and the end of the connection. */
class Parrot {
  readonly #server: Server
  bytes = ''
  /** One after the other, so that its hearer is done with a response before it hears what lies behind it. */
  byteByByte = false

  constructor(t: TestContext) {
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        void this.#answer(socket)
      })
      socket.resume()
    })
    t.after(() => this.#server.close())
  }

  listen(): Promise<number> {
    return listen(this.#server)
  }

  async #answer(socket: Socket): Promise<void> {
    for (const byte of this.byteByByte ? this.bytes : []) {
      socket.write(byte, 'latin1')
      await nextTurn()
    }
    if (this.byteByByte) socket.end()
    else socket.end(this.bytes, 'latin1')
  }
}

/**
 * Allowed: instances pad chunk sizes with blanks and write extensions as they like; sizes are written anew for clients.
 * Node's client refuses most of these.
 */
const looseChunkSize = /\r\n[\da-fA-F]{1,12}[ \t;][^\r\n]*\r\n/

/** Allowed: fields that delimit a body mean nothing behind it, and are dropped from the trailers that clients get. */
const framingTrailer = /\r\n0+\r\n[^]*(?:content-length|transfer-encoding)/i

/**
 * Allowed: Node's client takes a tab behind a coding for a part of it, and the body to last until the end of the
 * connection; RFC 9110 section 5.5 has tabs around a value as blanks. The coding is written anew for clients.
 */
const tabBehindCoding = /:[ \t]*chunked *\t/i

/** Undefined for what the balancer refused in its own words. */
function passed(read: Read | undefined): Read | undefined {
  return read?.status === 502 ? undefined : read
}

test("no response is read otherwise through the balancer than by Node's client directly", async (t) => {
  const parrot = new Parrot(t)
  const port = await parrot.listen()
  const { balancer, port: balancerPort } = await startBalancer(t, { limits: { attempts: 1 }, reveal: false })
  let epoch = 0
  let runs = 0
  let whole = 0
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let last: Promise<unknown> = Promise.resolve()
  // A fault behind a response takes it along when both come in one packet.
  const readDirectly = async (method: string) => {
    const read = await readResponse(port, method)
    if (read !== undefined) return read
    parrot.byteByByte = true
    return readResponse(port, method).finally(() => {
      parrot.byteByByte = false
    })
  }
  const compare = async (bytes: string, method: string) => {
    parrot.bytes = bytes
    balancer.setUpstreams([{ id: 'parrot', epoch: ++epoch, host: '127.0.0.1', port }])
    const through = passed(await readResponse(balancerPort, method))
    runs++
    if (through === undefined) return
    whole++
    if (tabBehindCoding.test(bytes)) return
    const direct = await readDirectly(method)
    const asked = `${method} is answered with ${JSON.stringify(bytes)}`
    if (direct === undefined && (looseChunkSize.test(bytes) || framingTrailer.test(bytes))) return
    assert.notEqual(direct, undefined, `Node refuses it: ${asked}`)
    const { status = 0, body = '', rawHeaders = [], rawTrailers = [] } = direct ?? {}
    assert.deepEqual({ status: through.status, body: through.body }, { status, body }, asked)
    assert.deepEqual(missingLines(through.rawHeaders, rawHeaders), [], asked)
    assert.deepEqual(missingLines(through.rawTrailers, rawTrailers), [], asked)
  }
  await fc.assert(
    fc.asyncProperty(nearlyResponses, fc.constantFrom('GET', 'HEAD', 'POST'), (bytes, method) => {
      // A property that is interrupted leaves its last run behind.
      const next = last.then(() => compare(bytes, method))
      last = next.catch(() => undefined)
      return next
    }),
    { seed, numRuns: 10_000, interruptAfterTimeLimit: timeLimitMs },
  )
  await last
  t.diagnostic(`${runs} responses, of which ${whole} passed`)
  assert.ok(whole > 0)
})
