import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MalformedMessage } from '../http1/malformed.ts'
import { ResponseReader, type ResponseHead, type ResponseListener } from './response-reader.ts'

type Event =
  | { type: 'information'; status: number }
  | {
      type: 'head'
      status: number
      reason: string
      rawHeaders: readonly string[]
      keepAlive: boolean
    }
  | { type: 'data'; text: string }
  | { type: 'end'; trailers: readonly string[] }
  | { type: 'upgrade'; rest: string }

/** Records what the reader tells, neighbouring data joined: how bytes were cut into packets must not show. */
class Recorder implements ResponseListener {
  readonly events: Event[] = []

  onInformation({ status }: { status: number }): void {
    this.events.push({ type: 'information', status })
  }

  onHead(head: { status: number; reason: string; rawHeaders: readonly string[]; keepAlive: boolean }): void {
    const { status, reason, rawHeaders, keepAlive } = head
    this.events.push({ type: 'head', status, reason, rawHeaders, keepAlive })
  }

  onData(chunk: Buffer): void {
    assert.notEqual(chunk.length, 0, 'no empty data')
    const last = this.events.at(-1)
    if (last?.type === 'data') last.text += chunk.toString('latin1')
    else this.events.push({ type: 'data', text: chunk.toString('latin1') })
  }

  onEnd(trailers: readonly string[]): void {
    this.events.push({ type: 'end', trailers })
  }

  onUpgrade(_head: unknown, rest: Buffer): void {
    this.#upgraded = true
    this.events.push({ type: 'upgrade', rest: rest.toString('latin1') })
  }

  #upgraded = false
  get upgraded(): boolean {
    return this.#upgraded
  }

  get body(): string {
    return this.events.map((event) => (event.type === 'data' ? event.text : '')).join('')
  }
}

interface Asked {
  method?: string
  upgrade?: boolean
  closes?: boolean
  headBytes?: number
  /** Lengths of the packets; the last one takes what is left. */
  packets?: readonly number[]
}

/** The events, then the word 'malformed' when the reader refused. */
function read(text: string, asked: Asked = {}): (Event | 'malformed')[] {
  const recorder = new Recorder()
  const reader = new ResponseReader(asked.headBytes ?? 65_536)
  reader.expect(recorder, asked.method ?? 'GET', asked.upgrade ?? false)
  const bytes = Buffer.from(text, 'latin1')
  try {
    let from = 0
    for (const length of asked.packets ?? []) {
      if (from >= bytes.length || recorder.upgraded) break
      reader.feed(bytes.subarray(from, from + length))
      from += length
    }
    if (from < bytes.length && !recorder.upgraded) reader.feed(bytes.subarray(from))
    if (asked.closes === true) reader.finish()
  } catch (error) {
    assert.ok(error instanceof MalformedMessage, String(error))
    return [...recorder.events, 'malformed']
  }
  return recorder.events
}

function bodyOf(events: readonly (Event | 'malformed')[]): string {
  return events.map((event) => (event !== 'malformed' && event.type === 'data' ? event.text : '')).join('')
}

function isWhole(events: readonly (Event | 'malformed')[]): boolean {
  const last = events.at(-1)
  return last !== undefined && last !== 'malformed' && last.type === 'end'
}

function headOf(events: readonly (Event | 'malformed')[]): Extract<Event, { type: 'head' }> {
  const head = events.find((event) => typeof event === 'object' && event.type === 'head')
  if (typeof head !== 'object' || head.type !== 'head') throw new Error('there was no head')
  return head
}

interface Framing {
  title: string
  text: string
  body: string
  asked?: Asked
  keepAlive: boolean
}

const framings: Framing[] = [
  {
    title: 'a length',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    body: 'hello',
    keepAlive: true,
  },
  {
    title: 'a length of zero',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    body: '',
    keepAlive: true,
  },
  {
    title: 'chunks with an extension',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a="b"\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\n',
    body: 'hello0123456789',
    keepAlive: true,
  },
  {
    title: 'the end of the connection',
    text: 'HTTP/1.1 200 OK\r\n\r\nhello',
    body: 'hello',
    asked: { closes: true },
    keepAlive: false,
  },
  {
    title: 'the end of the connection, with nothing before it',
    text: 'HTTP/1.1 200 OK\r\n\r\n',
    body: '',
    asked: { closes: true },
    keepAlive: false,
  },
  {
    title: 'the method HEAD, whatever the length',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    body: '',
    asked: { method: 'HEAD' },
    keepAlive: true,
  },
  {
    title: 'the method HEAD, whatever the coding',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    body: '',
    asked: { method: 'HEAD' },
    keepAlive: true,
  },
  { title: 'the status 204', text: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', keepAlive: true },
  {
    title: 'the status 304, whatever the length',
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    body: '',
    keepAlive: true,
  },
  {
    title: 'a length, closing after it',
    text: 'HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 2\r\n\r\nhi',
    body: 'hi',
    keepAlive: false,
  },
  {
    title: 'a length in HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    body: 'hi',
    keepAlive: false,
  },
  {
    title: 'a length in HTTP/1.0 that keeps the connection',
    text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi',
    body: 'hi',
    keepAlive: true,
  },
  {
    title: 'chunks in HTTP/1.0, whose framing is not to be trusted further',
    text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    body: 'hi',
    keepAlive: false,
  },
  {
    title: 'a length after two informations',
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    body: 'hi',
    keepAlive: true,
  },
  {
    title: 'chunks with trailers',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\nC:d \r\n\r\n',
    body: 'hi',
    keepAlive: true,
  },
]

for (const { title, text, body, asked, keepAlive } of framings) {
  test(`ResponseReader reads a body delimited by ${title}`, () => {
    const events = read(text, asked)
    assert.equal(bodyOf(events), body)
    assert.equal(headOf(events).keepAlive, keepAlive)
    assert.ok(isWhole(events), JSON.stringify(events))
  })

  test(`ResponseReader tells the same of ${title} when each byte comes alone`, () => {
    const packets = Array.from(text, () => 1)
    assert.deepEqual(read(text, { ...asked, packets }), read(text, asked))
  })
}

test('ResponseReader keeps names, values, order, duplicates and latin1 as they came, without outer blanks', () => {
  const text =
    'HTTP/1.1 299 Caf\xe9 ok\r\nSet-Cookie: a=1\r\nX: \t b  c \t\r\nset-cookie: b=2\r\nEmpty:\r\nContent-Length: 0\r\n\r\n'
  const head = headOf(read(text))
  assert.equal(head.status, 299)
  assert.equal(head.reason, 'Caf\xe9 ok')
  const raw = ['Set-Cookie', 'a=1', 'X', 'b  c', 'set-cookie', 'b=2', 'Empty', '', 'Content-Length', '0']
  assert.deepEqual(head.rawHeaders, raw)
})

test('ResponseReader gives trailers as they came', () => {
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC:d \r\n\r\n'
  assert.deepEqual(read(text).at(-1), { type: 'end', trailers: ['A', 'b', 'C', 'd'] })
})

test('ResponseReader takes a status line without a reason', () => {
  for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ']) {
    assert.equal(headOf(read(`${line}\r\nContent-Length: 0\r\n\r\n`)).reason, '')
  }
})

test('ResponseReader hands over what follows a 101 that was asked for', () => {
  const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nraw\0bytes'
  assert.deepEqual(read(text, { upgrade: true }), [{ type: 'upgrade', rest: 'raw\0bytes' }])
})

const head = 'HTTP/1.1 200 OK\r\n'
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
const malformed: Record<string, string> = {
  'lines ended by LF alone': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n',
  'one header line ended by LF alone': `${head}A: b\nContent-Length: 0\r\n\r\n`,
  'a folded header line': `${head}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`,
  'a header line that begins with a blank': `${head} A: b\r\n\r\n`,
  'a blank before the colon': `${head}Content-Length : 0\r\n\r\n`,
  'a header line without a colon': `${head}nonsense\r\n\r\n`,
  'a header without a name': `${head}: b\r\n\r\n`,
  'a NUL in a value': `${head}A: b\0c\r\n\r\n`,
  'a CR in a value': `${head}A: b\rc\r\n\r\n`,
  'a control character in a value': `${head}A: b\x1bc\r\n\r\n`,
  'a DEL in a value': `${head}A: b\x7fc\r\n\r\n`,
  'a control character in the reason': 'HTTP/1.1 200 O\x01K\r\n\r\n',
  'a NUL in a name': `${head}A\0: b\r\n\r\n`,
  'two lengths': `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!`,
  'the same length twice': `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`,
  'a list of lengths': `${head}Content-Length: 2, 2\r\n\r\nhi`,
  'a negative length': `${head}Content-Length: -2\r\n\r\nhi`,
  'a length with a sign': `${head}Content-Length: +2\r\n\r\nhi`,
  'a length in hexadecimal': `${head}Content-Length: 0x2\r\n\r\nhi`,
  'an empty length': `${head}Content-Length:\r\n\r\nhi`,
  'a length too large to count': `${head}Content-Length: 9999999999999999\r\n\r\nhi`,
  'both a length and chunks': `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
  'another transfer coding': `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunked twice': `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a transfer coding of nothing': `${head}Transfer-Encoding:\r\n\r\n`,
  'another protocol': 'HTTP/2 200 OK\r\n\r\n',
  'another minor version': 'HTTP/1.2 200 OK\r\n\r\n',
  'no protocol at all': 'hello\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a status that begins with 0': 'HTTP/1.1 099 OK\r\n\r\n',
  'an empty line before the status line': '\r\nHTTP/1.1 200 OK\r\n\r\n',
  'a 101 that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
  'a chunk size that is not hexadecimal': `${chunked}zz\r\n`,
  'an empty chunk size': `${chunked}\r\n`,
  'a chunk size with a sign': `${chunked}+2\r\nhi\r\n0\r\n\r\n`,
  'a chunk size after a blank': `${chunked} 2\r\nhi\r\n0\r\n\r\n`,
  'a chunk size with 0x': `${chunked}0x2\r\nhi\r\n0\r\n\r\n`,
  'a chunk size too large to count': `${chunked}fffffffffffff\r\n`,
  'a chunk size line ended by LF alone': `${chunked}2\nhi\r\n0\r\n\r\n`,
  'a chunk longer than its size': `${chunked}2\r\nhi!\r\n0\r\n\r\n`,
  'a chunk shorter than its size': `${chunked}3\r\nhi\r\n0\r\n\r\n`,
  'a control character in a chunk extension': `${chunked}2;\x00\r\nhi\r\n0\r\n\r\n`,
  'a malformed trailer': `${chunked}0\r\nA : b\r\n\r\n`,
  'bytes after the end': `${head}Content-Length: 2\r\n\r\nhi!`,
  'bytes after the last chunk': `${chunked}0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
  'a body after 204': 'HTTP/1.1 204 No Content\r\n\r\nhi',
}

for (const [what, text] of Object.entries(malformed)) {
  test(`ResponseReader refuses ${what}`, () => {
    assert.equal(read(text).at(-1), 'malformed')
    assert.equal(read(text, { packets: Array.from(text, () => 1) }).at(-1), 'malformed', 'byte by byte')
  })
}

const cutShort: Record<string, string> = {
  'before its first byte': '',
  'in its status line': 'HTTP/1.1 20',
  'in its header section': `${head}A: b\r\n`,
  'after an information': 'HTTP/1.1 100 Continue\r\n\r\n',
  'in a counted body': `${head}Content-Length: 3\r\n\r\nhi`,
  'before a counted body': `${head}Content-Length: 3\r\n\r\n`,
  'before its first chunk': chunked,
  'in a chunk size': `${chunked}2`,
  'in a chunk': `${chunked}3\r\nhi`,
  'between chunks': `${chunked}2\r\nhi\r\n`,
  'after the last chunk, before the end of trailers': `${chunked}0\r\n`,
  'in the trailers': `${chunked}0\r\nA: b\r\n`,
}

for (const [where, text] of Object.entries(cutShort)) {
  test(`ResponseReader refuses a response that ends ${where}`, () => {
    assert.notEqual(read(text).at(-1), 'malformed', 'so far it could still become whole')
    assert.equal(read(text, { closes: true }).at(-1), 'malformed')
  })
}

test('ResponseReader refuses a head larger than its limit, also one that never ends', () => {
  const fits = `${head}A: ${'b'.repeat(60)}\r\nContent-Length: 0\r\n\r\n`
  assert.ok(isWhole(read(fits, { headBytes: fits.length - 4 })))
  for (const text of [fits, `${head}A: ${'b'.repeat(1_000)}`]) {
    const headBytes = fits.length - 5
    assert.equal(read(text, { headBytes }).at(-1), 'malformed')
    assert.equal(read(text, { headBytes, packets: Array.from(text, () => 1) }).at(-1), 'malformed')
  }
})

test('ResponseReader refuses trailers and chunk size lines that never end', () => {
  assert.equal(read(`${chunked}0\r\nA: ${'b'.repeat(1_000)}`, { headBytes: 500 }).at(-1), 'malformed')
  assert.equal(read(`${chunked}2;${'b'.repeat(5_000)}`).at(-1), 'malformed')
})

test('ResponseReader refuses bytes that no request asked for', () => {
  const reader = new ResponseReader(65_536)
  assert.throws(() => {
    reader.feed(Buffer.from('HTTP/1.1 408 Request Timeout\r\n\r\n'))
  }, MalformedMessage)
})

test('ResponseReader is idle before a request and after a complete response, and reads the next one', () => {
  const recorder = new Recorder()
  const reader = new ResponseReader(65_536)
  assert.ok(reader.idle)
  for (const body of ['one', 'two']) {
    reader.expect(recorder, 'GET', false)
    assert.ok(!reader.idle)
    reader.feed(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${body}`))
    assert.ok(reader.idle)
    reader.finish()
  }
  assert.equal(recorder.body, 'onetwo')
})

test('ResponseReader takes a value full of blanks in time that grows with its length only', () => {
  // A pattern that tries every split of the blanks takes minutes for this one.
  const blanks = ' '.repeat(1_000_000)
  const text = `${head}A: x${blanks}x\r\nB:${blanks}\r\nContent-Length: 0\r\n\r\n`
  const { rawHeaders } = headOf(read(text, { headBytes: 4_000_000 }))
  assert.deepEqual([rawHeaders[1]?.length, rawHeaders[3]], [1_000_002, ''])
  assert.equal(read(`${head}A:${blanks}\0\r\n\r\n`, { headBytes: 4_000_000 }).at(-1), 'malformed')
})

const token = fc.stringMatching(/^[A-Za-z][A-Za-z\d-]{0,12}$/)
const fieldValue = fc.stringMatching(/^(?:[!-~\xa1-\xff](?:[\t -~\xa1-\xff]{0,12}[!-~\xa1-\xff])?)?$/)
const fields = fc.array(fc.tuple(token, fieldValue), { maxLength: 4 })
const bodyText = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** A well-formed response in a random framing, with what should be read from it. */
const wellFormed = fc
  .record({
    fields: fields.map((list) => list.map(([name, value]) => [`X-${name}`, value] as const)),
    chunks: fc.array(bodyText, { maxLength: 4 }),
    trailers: fields,
    framing: fc.constantFrom('length', 'chunked', 'close'),
    informations: fc.nat({ max: 2 }),
  })
  .map(({ fields: list, chunks, trailers, framing, informations }) => {
    const body = chunks.join('')
    const lines = list.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    let text = `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(informations)}HTTP/1.1 200 OK\r\n${lines}`
    if (framing === 'length') text += `Content-Length: ${body.length}\r\n\r\n${body}`
    else if (framing === 'close') text += `\r\n${body}`
    else {
      text += 'Transfer-Encoding: chunked\r\n\r\n'
      for (const chunk of chunks) if (chunk !== '') text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
      text += `0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    }
    return { text, body, closes: framing === 'close' }
  })

test('ResponseReader tells the same of any response however its bytes are cut into packets', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const packets = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 400 })
  fc.assert(
    fc.property(wellFormed, packets, ({ text, body, closes }, lengths) => {
      const whole = read(text, { closes })
      assert.ok(isWhole(whole), JSON.stringify(whole))
      assert.equal(bodyOf(whole), body)
      assert.deepEqual(read(text, { closes, packets: lengths }), whole)
      assert.deepEqual(read(text, { closes, packets: Array.from(text, () => 1) }), whole)
    }),
    { seed, numRuns: 300 },
  )
})

test('ResponseReader never takes a damaged response for another, whatever the packets', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const damage = fc.record({ at: fc.nat(), code: fc.nat({ max: 255 }) })
  fc.assert(
    fc.property(wellFormed, damage, ({ text, closes }, { at, code }) => {
      const index = at % text.length
      const damaged = text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1)
      const whole = read(damaged, { closes })
      assert.deepEqual(read(damaged, { closes, packets: Array.from(damaged, () => 1) }), whole)
    }),
    { seed, numRuns: 500 },
  )
})

for (const [field, wanted] of [
  ['Content-Type: Text/Event-Stream; charset=utf-8', 'events'],
  ['x-accel-buffering: No', 'unbuffered'],
  ['Content-Type: text/html\r\nX-Accel-Buffering: yes', undefined],
] as const) {
  test(`a response with ${field.replace('\r\n', ' and ')} flows as ${wanted ?? 'any other'}`, () => {
    let flow: ResponseHead['flow']
    const recorder = new Recorder()
    const reader = new ResponseReader(1_000)
    reader.expect(
      {
        onInformation: () => undefined,
        onHead: (told) => (flow = told.flow),
        onData: () => undefined,
        onEnd: (trailers) => {
          recorder.onEnd(trailers)
        },
        onUpgrade: () => undefined,
      },
      'GET',
      false,
    )
    reader.feed(Buffer.from(`HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: 0\r\n\r\n`))
    assert.equal(flow, wanted)
    assert.equal(recorder.events.length, 1)
  })
}
