import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameFollower } from './frame-follower.ts'
import {
  anyFrames,
  anySplit,
  encodeFrame,
  splitAt,
  type Frame,
} from '../../../test/balancer/support/frames.ts'

/** The offsets at which a follower sees a boundary, in a stream that comes in `chunks`. */
function boundariesOf(chunks: readonly Buffer[]): { boundaries: number[]; follower: FrameFollower } {
  const follower = new FrameFollower()
  const boundaries: number[] = []
  let before = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      at = follower.advance(chunk, at)
      if (follower.atFrameBoundary) boundaries.push(before + at)
    }
    before += chunk.length
  }
  return { boundaries, follower }
}

function follow(...frames: Frame[]): FrameFollower {
  const follower = new FrameFollower()
  for (const frame of frames) follower.follow(encodeFrame(frame))
  return follower
}

test('any split of any frames gives the same boundaries: the ends of the frames', () => {
  fc.assert(
    fc.property(anyFrames, anySplit, (frames, cuts) => {
      const encoded = frames.map(encodeFrame)
      let end = 0
      const ends = encoded.map(({ length }) => (end += length))
      const { boundaries, follower } = boundariesOf(splitAt(Buffer.concat(encoded), cuts))
      assert.deepEqual(boundaries, ends)
      assert.equal(
        follower.sawClose,
        frames.some(({ opcode }) => opcode === 8),
      )
      assert.equal(follower.inFragmentedMessage, frames.findLast(({ opcode }) => opcode < 8)?.fin === false)
      assert.ok(!follower.lost)
    }),
    { numRuns: 300 },
  )
})

test('before the first byte another frame may be put, and within a header or a payload none', () => {
  const follower = new FrameFollower()
  assert.ok(follower.atFrameBoundary)
  for (const byte of encodeFrame({ fin: true, opcode: 1, size: 2, masked: true }).subarray(0, -1)) {
    follower.follow(Buffer.of(byte))
    assert.ok(!follower.atFrameBoundary)
  }
  follower.follow(Buffer.of(0))
  assert.ok(follower.atFrameBoundary)
})

test('a control frame between the fragments of a message leaves it open, and its last fragment ends it', () => {
  const first = { fin: false, opcode: 1, size: 5, masked: false }
  const ping = { fin: true, opcode: 9, size: 0, masked: false }
  const last = { fin: true, opcode: 0, size: 0, masked: false }
  assert.ok(follow(first).inFragmentedMessage)
  assert.ok(follow(first, ping).inFragmentedMessage)
  assert.ok(!follow(first, ping, last).inFragmentedMessage)
})

test('a Close is seen when the whole of it has passed', () => {
  const follower = new FrameFollower()
  follower.follow(Buffer.of(0x88, 0x02, 0x03))
  assert.ok(!follower.sawClose)
  follower.follow(Buffer.of(0xe9))
  assert.ok(follower.sawClose)
})

test('reserved bits and opcodes of an extension are followed as data', () => {
  const follower = new FrameFollower()
  follower.follow(Buffer.of(0xf3, 0x01, 0xff))
  assert.ok(follower.atFrameBoundary && !follower.lost)
})

const malformed: Record<string, Buffer> = {
  'a control frame of more than 125 bytes': Buffer.of(0x89, 0x7e, 0x00, 0x80),
  'a control frame in fragments': Buffer.of(0x08, 0x00),
  'a length whose top bit is set': Buffer.of(0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0),
}

for (const [what, bytes] of Object.entries(malformed)) {
  test(`after ${what} no boundary is ever seen again`, () => {
    const follower = new FrameFollower()
    follower.follow(Buffer.concat([bytes, encodeFrame({ fin: true, opcode: 8, size: 2, masked: false })]))
    assert.ok(follower.lost)
    assert.ok(!follower.atFrameBoundary)
    assert.ok(!follower.sawClose)
  })
}

test('the largest length there is makes a frame that does not end', () => {
  const follower = new FrameFollower()
  follower.follow(Buffer.of(0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
  follower.follow(Buffer.alloc(100_000))
  assert.ok(!follower.atFrameBoundary && !follower.lost)
})
