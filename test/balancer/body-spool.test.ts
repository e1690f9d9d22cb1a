// Bodies on a real disk: sent again byte for byte, whatever the disk does, and nothing of them stays behind.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { openSpoolFile, SpoolSpace, type SpoolFile } from '../../src/balancer/exchange/body-spool.ts'
import { ReplayableBody, type BodyLimits } from '../../src/balancer/exchange/replayable-body.ts'
import { BodyStream, TestOwner, TestSink } from '../support/body-stream.ts'
import { until } from '../support/until.ts'

const MiB = 1024 * 1024
const defaults: BodyLimits = { replayBytes: 1_000, spoolBytes: 64 * MiB, spoolTotalBytes: 128 * MiB }

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drover-spool-test-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

interface MadeBody {
  readonly stream: BodyStream
  readonly owner: TestOwner
  readonly body: ReplayableBody
}

function makeBody(space: SpoolSpace, limits: Partial<BodyLimits> = {}, framing?: 'chunked'): MadeBody {
  const stream = new BodyStream(framing ?? 'length')
  const owner = new TestOwner()
  const body = new ReplayableBody(stream, { ...defaults, ...limits }, space, owner)
  return { stream, owner, body: stream.tell(body) }
}

/** The real file, except for what `faults` does in its place. */
function faultyFile(
  folder: string,
  faults: (file: SpoolFile) => Partial<SpoolFile>,
): () => Promise<SpoolFile> {
  return async () => {
    const file = await openSpoolFile(folder)
    return {
      write: (...args) => file.write(...args),
      read: (...args) => file.read(...args),
      close: () => file.close(),
      ...faults(file),
    }
  }
}

const failsWith = (code: string) => () =>
  Promise.reject(Object.assign(new Error(`${code}: faulty`), { code }))

/** What is open of the bodies' files in this process; Linux tells. */
function openFiles(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('drover-body-')
    } catch {
      return false
    }
  })
}

const allClosed = () => until('every file is closed', () => openFiles().length === 0)

test('a body of 20 MB is sent again whole, through sinks that pause, and its file is gone when it is closed', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const { body, stream, owner } = makeBody(space)
  const content = randomBytes(20 * MiB)
  const first = new TestSink()
  body.sendTo(first)
  for (let at = 0; at < content.length / 2; at += 65_536) stream.send(content.subarray(at, at + 65_536))
  await until('the first half is told', () => stream.isTold)
  assert.ok(first.bytes.equals(content.subarray(0, first.bytes.length)))
  body.detach()
  assert.equal(body.kind, 'replayable')
  const second = new TestSink()
  second.isReady = false
  body.sendTo(second)
  for (let at = content.length / 2; at < content.length; at += 65_536)
    stream.send(content.subarray(at, at + 65_536))
  stream.finish()
  await until('the second sink has the whole', () => {
    body.resume()
    return body.sent
  })
  assert.ok(second.bytes.equals(content))
  assert.deepEqual([owner.failures, space.files, space.bytes], [[], 1, content.length])
  body.close()
  assert.deepEqual([space.files, space.bytes], [0, 0])
  await allClosed()
})

test('a chunked body is framed anew from the disk, with its trailers', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const { body, stream } = makeBody(space, { replayBytes: 3 }, 'chunked')
  body.sendTo(new TestSink())
  stream.send('hello, ')
  stream.send('world')
  stream.finish(['X-Sum', '1'])
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  assert.ok(!body.sent, 'what is on disk takes a moment')
  await until('the sink has the whole', () => body.sent)
  assert.equal(sink.text, 'c\r\nhello, world\r\n0\r\nX-Sum: 1\r\n\r\n')
  body.close()
  await allClosed()
})

test('the file has no name and is for its owner alone', async (t) => {
  const folder = makeFolder(t)
  const file = await openSpoolFile(folder)
  assert.deepEqual(readdirSync(folder), [])
  for (const fd of openFiles()) assert.equal(statSync(`/proc/self/fd/${fd}`).mode & 0o777, 0o600)
  await file.close()
})

test('a body that fits in memory opens no file', () => {
  const space = new SpoolSpace(() => assert.fail('a file was opened'))
  const { body, stream } = makeBody(space)
  body.sendTo(new TestSink())
  stream.send(Buffer.alloc(1_000))
  stream.finish()
  assert.deepEqual([body.kind, space.files], ['replayable', 0])
})

test('a body beyond the limit of the disk is lost, and streams on undisturbed', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const { body, stream, owner } = makeBody(space, { spoolBytes: 3_000 })
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send(Buffer.alloc(2_000))
  stream.send(Buffer.alloc(1_000))
  assert.deepEqual([body.kind, space.bytes], ['replayable', 3_000])
  stream.send(Buffer.alloc(1))
  stream.send(Buffer.alloc(1_000))
  stream.finish()
  assert.deepEqual([body.kind, body.sent, sink.bytes.length], ['lost', true, 4_001])
  assert.deepEqual([space.files, space.bytes, owner.failures], [0, 0, []])
  await allClosed()
})

test('all bodies share the room on disk, and give it back', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const begin = (bytes: number) => {
    const made = makeBody(space, { spoolTotalBytes: 10_000 })
    made.body.sendTo(new TestSink())
    made.stream.send(Buffer.alloc(bytes))
    return made.body
  }
  const [first, second, small] = [begin(6_000), begin(5_000), begin(4_000)]
  assert.deepEqual([first.kind, second.kind, small.kind], ['replayable', 'lost', 'replayable'])
  first.close()
  first.close()
  const third = begin(6_000)
  assert.deepEqual([third.kind, space.bytes, space.files], ['replayable', 10_000, 2])
  for (const body of [second, small, third]) body.close()
  assert.deepEqual([space.bytes, space.files], [0, 0])
  await allClosed()
})

test('no more than 512 files are open at a time', async (t) => {
  const folder = makeFolder(t)
  const space = new SpoolSpace(() => openSpoolFile(folder))
  const bodies = Array.from({ length: 513 }, () => {
    const { body, stream } = makeBody(space)
    body.sendTo(new TestSink())
    stream.send(Buffer.alloc(2_000))
    return body
  })
  assert.deepEqual([bodies[511]?.kind, bodies[512]?.kind, space.files], ['replayable', 'lost', 512])
  for (const body of bodies) body.close()
  await allClosed()
})

const brokenDisks: Record<string, (folder: string) => () => Promise<SpoolFile>> = {
  'that has no such folder': (folder) => () => openSpoolFile(join(folder, 'missing')),
  'that is full from the start': (folder) => faultyFile(folder, () => ({ write: failsWith('ENOSPC') })),
  'that fills up': (folder) =>
    faultyFile(folder, (file) => ({
      write: (bytes, offset, length, position) =>
        position > 1_000 ? failsWith('ENOSPC')() : file.write(bytes, offset, length, position),
    })),
  'that breaks': (folder) => faultyFile(folder, () => ({ write: failsWith('EIO') })),
  'that takes nothing': (folder) =>
    faultyFile(folder, () => ({ write: () => Promise.resolve({ bytesWritten: 0 }) })),
}

for (const [how, open] of Object.entries(brokenDisks)) {
  test(`on a disk ${how} a body is lost, and its first sink has it whole`, async (t) => {
    const space = new SpoolSpace(open(makeFolder(t)))
    const { body, stream, owner } = makeBody(space)
    const sink = new TestSink()
    body.sendTo(sink)
    const content = randomBytes(3 * MiB)
    for (let at = 0; at < content.length; at += 10_000) stream.send(content.subarray(at, at + 10_000))
    stream.finish()
    await until('the body is sent and lost', () => body.sent && body.kind === 'lost')
    assert.ok(sink.bytes.equals(content))
    assert.deepEqual([space.files, space.bytes, owner.failures], [0, 0, []])
    await allClosed()
  })
}

test('a disk that takes nothing more holds the client up for its patience only', async (t) => {
  const open = faultyFile(makeFolder(t), () => ({ write: () => new Promise(() => {}) }))
  const space = new SpoolSpace(open, 1)
  const { body, stream } = makeBody(space)
  const sink = new TestSink()
  body.sendTo(sink)
  for (let index = 0; index < 30; index++) stream.send(Buffer.alloc(100_000))
  assert.ok(!stream.isTold, 'what waits for the disk in memory is bounded')
  stream.finish()
  await until('the body is sent', () => body.sent)
  assert.deepEqual([body.kind, sink.bytes.length], ['lost', 3_000_000])
  await allClosed()
})

test('a disk that takes a little at a time has the whole in the end', async (t) => {
  const open = faultyFile(makeFolder(t), (file) => ({
    write: (bytes, offset, length, position) => file.write(bytes, offset, Math.min(length, 999), position),
    read: (bytes, offset, length, position) => file.read(bytes, offset, Math.min(length, 777), position),
  }))
  const space = new SpoolSpace(open)
  const { body, stream } = makeBody(space)
  const content = randomBytes(100_000)
  body.sendTo(new TestSink())
  stream.send(content.subarray(0, 60_000))
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send(content.subarray(60_000))
  stream.finish()
  await until('the sink has the whole', () => body.sent)
  assert.ok(sink.bytes.equals(content))
  body.close()
  await allClosed()
})

test('a body that cannot be read back fails the attempt it is sent to, and is lost', async (t) => {
  const open = faultyFile(makeFolder(t), (file) => ({
    read: (bytes, offset, length, position) =>
      position > 0 ? failsWith('EIO')() : file.read(bytes, offset, length, position),
  }))
  const space = new SpoolSpace(open)
  const { body, stream, owner } = makeBody(space)
  body.sendTo(new TestSink())
  stream.send(Buffer.alloc(200_000))
  stream.finish()
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  await until('the owner is told', () => owner.failures.length > 0)
  assert.deepEqual(
    owner.failures.map(({ message }) => message),
    ['EIO: faulty'],
  )
  assert.deepEqual([body.kind, body.sent, sink.bytes.length, space.files], ['lost', false, 65_536, 0])
  await allClosed()
})

test('a disk that fails while a body is sent again fails that attempt, for it lacks what was not written', async (t) => {
  let failWrite: (() => void) | undefined
  const open = faultyFile(makeFolder(t), () => ({
    write: () =>
      new Promise((_, reject) => {
        failWrite = () => {
          reject(new Error('the disk broke'))
        }
      }),
  }))
  const space = new SpoolSpace(open)
  const { body, stream, owner } = makeBody(space)
  body.sendTo(new TestSink())
  stream.send(Buffer.alloc(2_000))
  body.detach()
  body.sendTo(new TestSink())
  await until('the disk writes', () => failWrite !== undefined)
  failWrite?.()
  await until('the owner is told', () => owner.failures.length > 0)
  assert.equal(body.kind, 'lost')
  await allClosed()
})

test('what a paused client still sends is kept beyond the limits, until the sink has all that was kept', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const { body, stream } = makeBody(space, { spoolBytes: 3_000 })
  const content = randomBytes(3_300)
  body.sendTo(new TestSink())
  stream.send(content.subarray(0, 3_000))
  body.detach()
  stream.sendLate(content.subarray(3_000, 3_100))
  const sink = new TestSink()
  body.sendTo(sink)
  stream.sendLate(content.subarray(3_100, 3_200))
  assert.equal(body.kind, 'replayable')
  stream.send(content.subarray(3_200))
  stream.finish()
  await until('the sink has the whole', () => body.sent)
  assert.ok(sink.bytes.equals(content))
  assert.equal(body.kind, 'lost')
  await allClosed()
})

test('a sink that pauses and dies while it is sent what is on disk leaves the next one to begin anew', async (t) => {
  const space = new SpoolSpace(() => openSpoolFile(makeFolder(t)))
  const { body, stream } = makeBody(space)
  const content = randomBytes(300_000)
  body.sendTo(new TestSink())
  stream.send(content.subarray(0, 200_000))
  body.detach()
  const paused = new TestSink()
  paused.isReady = false
  body.sendTo(paused)
  await until('the sink is full', () => paused.writes.length > 0)
  body.detach()
  const next = new TestSink()
  body.sendTo(next)
  stream.send(content.subarray(200_000))
  stream.finish()
  await until('the next sink has the whole', () => body.sent)
  assert.ok(next.bytes.equals(content))
  assert.equal(paused.writes.length, 1)
  body.close()
  await allClosed()
})

test('a sink that is gone hears nothing more, and its owner of no failure', async (t) => {
  const open = faultyFile(makeFolder(t), () => ({ read: failsWith('EIO') }))
  const space = new SpoolSpace(open)
  const { body, stream, owner } = makeBody(space)
  body.sendTo(new TestSink())
  stream.send(Buffer.alloc(2_000))
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  body.detach()
  body.close()
  await allClosed()
  assert.deepEqual([sink.writes.length, owner.failures], [0, []])
})

test('no file stays open, wherever in its life a body ends', async (t) => {
  const folder = makeFolder(t)
  const space = new SpoolSpace(() => openSpoolFile(folder))
  const ends: ((body: ReplayableBody) => Promise<void>)[] = [
    // While the file is being opened, while it is written, while it is read, and when all is done.
    () => Promise.resolve(),
    async () => {
      await nextTurn()
    },
    async (body) => {
      body.detach()
      body.sendTo(new TestSink())
      await nextTurn()
    },
    async (body) => {
      body.detach()
      body.sendTo(new TestSink())
      await until('it is sent', () => body.sent)
    },
  ]
  for (const end of ends) {
    for (const finish of ['close', 'discard'] as const) {
      const { body, stream } = makeBody(space)
      body.sendTo(new TestSink())
      stream.send(Buffer.alloc(500_000))
      stream.finish()
      await end(body)
      body[finish]()
    }
  }
  assert.deepEqual([space.files, space.bytes], [0, 0])
  await allClosed()
  assert.deepEqual(readdirSync(folder), [])
})

type Step =
  | { readonly type: 'send' | 'late'; readonly bytes: number }
  | { readonly type: 'turns'; readonly turns: number }
  | { readonly type: 'die' | 'drain' | 'fill' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('send' as const), bytes: fc.integer({ min: 0, max: 100_000 }) }),
  fc.record({ type: fc.constant('late' as const), bytes: fc.integer({ min: 0, max: 1_000 }) }),
  fc.record({ type: fc.constant('turns' as const), turns: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ type: fc.constantFrom('die' as const, 'drain' as const, 'fill' as const) }),
)

/** Plays the steps on a body; a body that is lost is sent to no further sink, as R1 has it. */
async function play(made: MadeBody, steps: readonly Step[]): Promise<{ sent: Buffer; sink: TestSink }> {
  const { body, stream } = made
  const chunks: Buffer[] = []
  const dead: [TestSink, writes: number][] = []
  let sink = new TestSink()
  const make = (bytes: number) => {
    const chunk = randomBytes(bytes)
    chunks.push(chunk)
    return chunk
  }
  body.sendTo(sink)
  for (const one of steps) {
    if (one.type === 'send') stream.send(make(one.bytes))
    // Only what comes before anything that waits at the client.
    else if (one.type === 'late' && stream.isTold) stream.sendLate(make(one.bytes))
    else if (one.type === 'fill') sink.isReady = false
    else if (one.type === 'turns') {
      for (let turn = 0; turn < one.turns; turn++) await nextTurn()
    } else if (one.type === 'drain') {
      sink.isReady = true
      body.resume()
    } else if (one.type === 'die' && body.replayable) {
      body.detach()
      dead.push([sink, sink.writes.length])
      sink = new TestSink()
      body.sendTo(sink)
    }
  }
  sink.isReady = true
  stream.finish()
  body.resume()
  await until('it is sent', () => body.sent)
  for (const [one, writes] of dead) assert.equal(one.writes.length, writes, 'nothing goes to the dead')
  return { sent: Buffer.concat(chunks), sink }
}

for (const spoolBytes of [64 * MiB, 150_000, 0]) {
  test(`whatever the order of chunks, deaths and pauses, the last sink has every byte once and in order, with ${spoolBytes} bytes of disk`, async (t) => {
    const folder = makeFolder(t)
    const space = new SpoolSpace(() => openSpoolFile(folder))
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const made = makeBody(space, { spoolBytes })
      const { sent, sink } = await play(made, steps)
      assert.ok(sink.bytes.equals(sent))
      assert.deepEqual(made.owner.failures, [])
      assert.equal(made.body.kind === 'lost' && sent.length <= Math.max(1_000, spoolBytes), false)
      made.body.close()
    })
    await fc.assert(property, { numRuns: 150 })
    assert.deepEqual([space.files, space.bytes], [0, 0])
    await allClosed()
  })
}
