import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { RequestBody, type BodySink } from './request-body.ts'

/** A request as Node's parser makes it, fed by hand. */
function request(headers: Record<string, string>): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  Object.assign(message.headers, headers)
  return message
}

class Sink implements BodySink {
  text = ''
  ready = true

  write(chunk: Buffer | string): boolean {
    this.text += chunk.toString('latin1')
    return this.ready
  }
}

/** Lets the stream deliver what it has. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('RequestBody knows from the head whether a body comes', () => {
  const rows: [Record<string, string>, boolean][] = [
    [{}, false],
    [{ 'content-length': '0' }, false],
    [{ 'content-length': '3' }, true],
    [{ 'transfer-encoding': 'chunked' }, true],
  ]
  for (const [headers, exists] of rows) {
    const body = new RequestBody(request(headers), 10)
    assert.equal(body.exists, exists)
    assert.equal(body.sent, !exists)
  }
})

test('RequestBody streams a counted body as it comes, and is sent at its end', async () => {
  const message = request({ 'content-length': '4' })
  const body = new RequestBody(message, 10)
  const sink = new Sink()
  body.sendTo(sink)
  message.push('ab')
  await turn()
  assert.deepEqual([sink.text, body.sent], ['ab', false])
  message.push('cd')
  message.push(null)
  await turn()
  assert.deepEqual([sink.text, body.sent], ['abcd', true])
})

test('RequestBody frames chunks anew, with the trailers at the end', async () => {
  const message = request({ 'transfer-encoding': 'chunked' })
  const sink = new Sink()
  new RequestBody(message, 10).sendTo(sink)
  message.push('hello, world')
  message.rawTrailers.push('X-Sum', '1', 'X-Forwarded-For', 'forged')
  message.push(null)
  await turn()
  assert.equal(sink.text, 'c\r\nhello, world\r\n0\r\nX-Sum: 1\r\n\r\n')
})

test('RequestBody sends what it kept again, then the rest', async () => {
  const message = request({ 'content-length': '4' })
  const body = new RequestBody(message, 10)
  const first = new Sink()
  body.sendTo(first)
  message.push('ab')
  await turn()
  body.detach()
  message.push('cd')
  message.push(null)
  await turn()
  assert.equal(first.text, 'ab', 'nothing goes to a sink that is gone')
  const second = new Sink()
  body.sendTo(second)
  await turn()
  assert.deepEqual([second.text, body.sent, body.replayable], ['abcd', true, true])
  const third = new Sink()
  body.detach()
  body.sendTo(third)
  assert.equal(third.text, 'abcd', 'a body that is complete is sent again whole')
})

test('RequestBody keeps no more than its limit, and says so', async () => {
  const message = request({ 'content-length': '4' })
  const body = new RequestBody(message, 3)
  body.sendTo(new Sink())
  message.push('abc')
  await turn()
  assert.ok(body.replayable)
  message.push('d')
  await turn()
  assert.ok(!body.replayable)
})

test('RequestBody reads no further while its sink wants a pause', async () => {
  const message = request({ 'content-length': '4' })
  const body = new RequestBody(message, 10)
  const sink = new Sink()
  sink.ready = false
  body.sendTo(sink)
  message.push('ab')
  await turn()
  message.push('cd')
  await turn()
  assert.equal(sink.text, 'ab')
  sink.ready = true
  body.resume()
  await turn()
  assert.equal(sink.text, 'abcd')
})

test('RequestBody.discard reads the rest and drops it', async () => {
  const message = request({ 'content-length': '4' })
  const body = new RequestBody(message, 10)
  const sink = new Sink()
  body.sendTo(sink)
  message.push('ab')
  await turn()
  body.detach()
  body.discard()
  message.push('cd')
  message.push(null)
  await turn()
  assert.deepEqual([sink.text, body.sent, body.replayable], ['ab', true, false])
})
