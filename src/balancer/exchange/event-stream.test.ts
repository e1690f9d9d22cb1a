import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitAt, anySplit } from '../../../test/balancer/support/frames.ts'
import { EventStreamFollower } from './event-stream.ts'

function endsEvent(...chunks: string[]): boolean {
  const follower = new EventStreamFollower()
  for (const chunk of chunks) follower.follow(Buffer.from(chunk))
  return follower.atEventEnd
}

/**
 * The model, on a whole text: whether it may be cut at `offset`. It may behind a blank line, and never between a CR and its
 * LF: when nothing tells yet whether an LF follows, it does unless the line before ended with CR alone.
 */
function mayEnd(text: string, offset: number): boolean {
  const pieces = ['\n', ...(text.slice(0, offset).match(/\r\n|\n|\r|[^\r\n]+/g) ?? ['\n'])]
  const [before = '', last = ''] = pieces.slice(-2)
  if (!/^[\r\n]/.test(before) || !/^[\r\n]/.test(last)) return false
  if (last !== '\r') return true
  return offset === text.length ? before === '\r' : text[offset] !== '\n'
}

const anyText = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '\n\n', '\r\r', '\r\n\r\n', 'x', 'data: a', ': ping'), {
    maxLength: 20,
  })
  .map((pieces) => pieces.join(''))

for (const end of ['\n\n', '\r\r', '\r\n\r\n', '\n\r\n', '\r\n\n', '\r\r\n']) {
  test(`${JSON.stringify(end)} ends an event, however it is split, and less of it does not`, () => {
    assert.ok(endsEvent(`data: 1${end}`))
    for (let at = 0; at <= end.length; at++)
      assert.ok(endsEvent(`data: 1${end.slice(0, at)}`, end.slice(at)), `split at ${at}`)
    assert.ok(!endsEvent(`data: 1${end.slice(0, 1)}`))
    assert.ok(!endsEvent(`data: 1${end}data: 2`))
    assert.ok(!endsEvent(`data: 1${end}`, 'id'))
  })
}

test('the body may end before its first byte, and not between CR LF CR and the LF to come', () => {
  assert.ok(endsEvent())
  assert.ok(!endsEvent('data: 1\r\n\r'))
  assert.ok(endsEvent('data: 1\r\n\r', '\n'))
})

test('any split of any text tells the same at its end as the text says', () => {
  fc.assert(
    fc.property(anyText, anySplit, (text, cuts) => {
      const follower = new EventStreamFollower()
      for (const chunk of splitAt(Buffer.from(text), cuts)) follower.follow(chunk)
      assert.equal(follower.atEventEnd, mayEnd(text, text.length))
    }),
    { numRuns: 2_000 },
  )
})

test('the end found in a chunk is the first place where the text may be cut', () => {
  fc.assert(
    fc.property(anyText, anyText, (before, text) => {
      const follower = new EventStreamFollower()
      follower.follow(Buffer.from(before))
      const from = follower.atEventEnd ? 1 : 0
      const offsets = Array.from({ length: text.length + 1 - from }, (_, index) => from + index)
      const first = offsets.find((offset) => mayEnd(before + text, before.length + offset))
      assert.equal(follower.findEnd(Buffer.from(text)), first ?? -1)
    }),
    { numRuns: 2_000 },
  )
})
