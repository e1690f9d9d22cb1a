import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyStream, TestOwner, TestSink } from '../../../test/support/body-stream.ts'
import type { ClientRequestHead } from '../client/client-stream.ts'
import { SpoolSpace } from './body-spool.ts'
import { ReplayableBody } from './replayable-body.ts'

/** These bodies never come to a disk. */
const noDisk = new SpoolSpace(() => Promise.reject(new Error('a file was opened')))

function make(framing: ClientRequestHead['body'], replayBytes = 10) {
  const stream = new BodyStream(framing)
  const owner = new TestOwner()
  const limits = { replayBytes, spoolBytes: 0, spoolTotalBytes: 0 }
  return { stream, owner, body: stream.tell(new ReplayableBody(stream, limits, noDisk, owner)) }
}

test('ReplayableBody knows from the head whether a body comes, and sends nothing where none does', () => {
  for (const [framing, exists, kind] of [
    ['none', false, 'none'],
    ['length', true, 'replayable'],
    ['chunked', true, 'replayable'],
  ] as const) {
    const { body } = make(framing)
    assert.deepEqual([body.exists, body.kind, body.replayable, body.sent], [exists, kind, true, !exists])
  }
  const { body, stream } = make('none')
  const sink = new TestSink()
  body.sendTo(sink)
  body.detach()
  body.discard()
  assert.deepEqual([sink.writes.length, stream.isFlowing, stream.isDiscarded], [0, false, false])
})

test('ReplayableBody asks for the body when it has somewhere to go, and not before', () => {
  const { body, stream } = make('length')
  stream.send('ab')
  assert.ok(!stream.isTold)
  body.sendTo(new TestSink())
  assert.ok(stream.isTold)
})

test('ReplayableBody streams a counted body as it comes, and is sent at its end', () => {
  const { body, stream } = make('length')
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('ab')
  assert.deepEqual([sink.text, body.sent], ['ab', false])
  stream.send('cd')
  stream.finish()
  assert.deepEqual([sink.text, body.sent], ['abcd', true])
})

test('ReplayableBody passes a small counted body on in one write, as the buffer that came', () => {
  const { body, stream } = make('length')
  const sink = new TestSink()
  const chunk = Buffer.from('whole')
  body.sendTo(sink)
  stream.sendLate('')
  body.onBody(chunk)
  stream.finish()
  assert.deepEqual([sink.writes.length, sink.writes[0] === chunk], [1, true])
})

test('ReplayableBody frames chunks anew, with the trailers at the end', () => {
  const { body, stream } = make('chunked', 100_000)
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('hello, world')
  const large = 'x'.repeat(70_000)
  stream.send(large)
  stream.finish(['X-Sum', '1', 'X-Forwarded-For', 'forged'])
  const expected = `c\r\nhello, world\r\n11170\r\n${large}\r\n0\r\nX-Sum: 1\r\n\r\n`
  assert.ok(sink.text === expected)
  const again = new TestSink()
  body.detach()
  body.sendTo(again)
  assert.ok(again.text === expected, 'the trailers come again too')
})

test('ReplayableBody writes no empty chunk, which would end the body', () => {
  const { body, stream } = make('chunked')
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('')
  stream.send('a')
  stream.send('')
  assert.equal(sink.text, '1\r\na\r\n')
  stream.finish()
  assert.equal(sink.text, '1\r\na\r\n0\r\n\r\n')
})

test('ReplayableBody sends what it kept again, then the rest', () => {
  const { body, stream } = make('length')
  const first = new TestSink()
  body.sendTo(first)
  stream.send('ab')
  body.detach()
  assert.ok(!stream.isFlowing)
  stream.send('cd')
  stream.finish()
  assert.equal(first.text, 'ab', 'nothing goes to a sink that is gone')
  const second = new TestSink()
  body.sendTo(second)
  assert.deepEqual([second.text, body.sent, body.replayable], ['abcd', true, true])
  body.detach()
  assert.ok(body.sent, 'a sink that is gone had it all the same')
  const third = new TestSink()
  body.sendTo(third)
  assert.equal(third.text, 'abcd', 'a body that is complete is sent again whole')
})

test('ReplayableBody keeps what still comes from a paused client, and the end too', () => {
  const { body, stream } = make('length', 3)
  body.sendTo(new TestSink())
  stream.send('abc')
  body.detach()
  stream.sendLate('d')
  stream.listener?.onBodyEnd([])
  assert.equal(body.kind, 'replayable', 'it is kept beyond the limit')
  const sink = new TestSink()
  body.sendTo(sink)
  assert.deepEqual([sink.text, body.sent], ['abcd', true])
})

test('ReplayableBody keeps no more than its limit, and says so', () => {
  const { body, stream, owner } = make('length', 3)
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('abc')
  assert.equal(body.kind, 'replayable')
  stream.send('d')
  assert.deepEqual([body.kind, body.replayable, sink.text], ['lost', false, 'abcd'])
  stream.send('e')
  stream.finish()
  assert.deepEqual([sink.text, body.sent, owner.failures.length], ['abcde', true, 0])
})

test('ReplayableBody.sendTo sends nothing of a body that is lost, and tells its owner', () => {
  const { body, stream, owner } = make('length', 3)
  body.sendTo(new TestSink())
  stream.send('abcd')
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  assert.deepEqual([sink.text, owner.failures.length], ['', 1])
})

test('ReplayableBody keeps a body that comes byte by byte in few buffers, in order', () => {
  const { body, stream } = make('length', 10_000)
  body.sendTo(new TestSink())
  let sent = ''
  for (let index = 0; index < 10_000; index++) {
    const letter = String.fromCodePoint(97 + (index % 26))
    stream.send(letter)
    sent += letter
  }
  stream.finish()
  body.detach()
  const sink = new TestSink()
  body.sendTo(sink)
  assert.ok(sink.text === sent)
  assert.ok(sink.writes.length <= 64)
})

test('ReplayableBody reads no further while its sink wants a pause', () => {
  const { body, stream } = make('length')
  const sink = new TestSink()
  sink.isReady = false
  body.sendTo(sink)
  stream.send('ab')
  stream.send('cd')
  assert.equal(sink.text, 'ab')
  sink.isReady = true
  body.resume()
  assert.equal(sink.text, 'abcd')
})

test('ReplayableBody waits for a sink that what was kept has filled', () => {
  const { body, stream } = make('length')
  body.sendTo(new TestSink())
  stream.send('ab')
  body.detach()
  stream.send('cd')
  const sink = new TestSink()
  sink.isReady = false
  body.sendTo(sink)
  assert.equal(sink.text, 'ab')
  body.resume()
  assert.equal(sink.text, 'abcd')
})

test('ReplayableBody.resume is nothing while no sink is there', () => {
  const { body, stream } = make('length')
  body.resume()
  body.sendTo(new TestSink())
  body.detach()
  body.resume()
  assert.ok(!stream.isFlowing)
})

test('ReplayableBody.discard lets the client send the rest to nobody, and keeps nothing', () => {
  const { body, stream } = make('length')
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('ab')
  body.detach()
  body.discard()
  stream.send('cd')
  stream.finish()
  assert.deepEqual([sink.text, body.sent, body.replayable, stream.isDiscarded], ['ab', false, false, true])
})

test('ReplayableBody.discard has nothing to do at the end of a body that was sent', () => {
  const { body, stream } = make('length')
  body.sendTo(new TestSink())
  stream.send('ab')
  stream.finish()
  body.detach()
  body.discard()
  assert.deepEqual([body.sent, stream.isDiscarded], [true, false])
})

test('ReplayableBody.forget drops the copy and streams on', () => {
  const { body, stream } = make('length')
  const sink = new TestSink()
  body.sendTo(sink)
  stream.send('ab')
  body.forget()
  stream.send('cd')
  stream.finish()
  assert.deepEqual([sink.text, body.sent, body.kind], ['abcd', true, 'lost'])
})
