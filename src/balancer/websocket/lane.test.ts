import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyFrames, anySplit, encodeFrame, splitAt } from '../../../test/balancer/support/frames.ts'
import { goingAway, writeCloseFrame } from './close-frame.ts'
import { Lane, type CloseAt } from './lane.ts'

const ourClose = writeCloseFrame(goingAway, '')
const text = encodeFrame({ fin: true, opcode: 1, size: 10, masked: false })
const firstPart = encodeFrame({ fin: false, opcode: 1, size: 10, masked: false })
const lastPart = encodeFrame({ fin: true, opcode: 0, size: 10, masked: false })
const theirClose = encodeFrame({ fin: true, opcode: 8, size: 0, masked: false })

function startLane(): { lane: Lane; written: Buffer[]; passed: () => Buffer } {
  const written: Buffer[] = []
  const write = (bytes: Buffer) => {
    written.push(bytes)
    return true
  }
  return { lane: new Lane(write, () => ourClose), written, passed: () => Buffer.concat(written) }
}

/** What passes when `chunks` come and the close is asked for after `asked` of them. */
function passAll(chunks: readonly Buffer[], asked: number, at: CloseAt): { passed: Buffer; lane: Lane } {
  const { lane, passed } = startLane()
  for (const chunk of chunks.slice(0, asked)) lane.pass(chunk)
  lane.close(at)
  for (const chunk of chunks.slice(asked)) lane.pass(chunk)
  return { passed: passed(), lane }
}

for (const at of ['frame', 'message'] as const) {
  test(`a Close asked for at any moment lands at the end of a ${at}, is the last frame, and comes unless the sender said it`, () => {
    fc.assert(
      fc.property(anyFrames, anySplit, fc.nat(21), (frames, cuts, asked) => {
        const encoded = frames.map(encodeFrame)
        const stream = Buffer.concat(encoded)
        const chunks = splitAt(stream, cuts)
        const seen = chunks.slice(0, asked).reduce((size, { length }) => size + length, 0)
        // The model: the first place not before the request, with no Close of the sender before it.
        let end = 0
        let place = seen === 0 ? 0 : undefined
        let inMessage = false
        let closed = false
        for (const [index, { opcode, fin }] of frames.entries()) {
          end += encoded[index]?.length ?? 0
          if (opcode < 8) inMessage = !fin
          closed ||= opcode === 8
          if (end >= seen && !closed && !(inMessage && at === 'message')) place ??= end
        }
        const { passed, lane } = passAll(chunks, asked, at)
        const wanted = place === undefined ? stream : Buffer.concat([stream.subarray(0, place), ourClose])
        assert.ok(passed.equals(wanted))
        assert.equal(lane.closed, place !== undefined || closed)
        assert.equal(lane.sawClose, closed)
      }),
      { numRuns: 300 },
    )
  })
}

test('what passes is the very memory that came, not a copy', () => {
  const { lane, written } = startLane()
  const large = encodeFrame({ fin: true, opcode: 2, size: 1_000_000, masked: true })
  const chunks = splitAt(large, [0.1, 0.5, 0.7])
  for (const chunk of chunks) lane.pass(chunk)
  assert.ok(written.every((bytes, index) => bytes === chunks[index]))
  assert.equal(written.length, chunks.length)
})

test('a Close waits for the last fragment of a message, and when pressed for that of a frame', () => {
  const patient = startLane()
  patient.lane.pass(firstPart)
  patient.lane.close('message')
  assert.ok(!patient.lane.closed)
  patient.lane.pass(Buffer.concat([lastPart, text]))
  assert.ok(patient.passed().equals(Buffer.concat([firstPart, lastPart, ourClose])))

  const pressed = startLane()
  pressed.lane.pass(firstPart)
  pressed.lane.close('message')
  pressed.lane.close('frame')
  assert.ok(pressed.passed().equals(Buffer.concat([firstPart, ourClose])))
})

test('a sender that says Close first is passed on whole, and no second Close follows', () => {
  const { passed } = passAll([text, theirClose.subarray(0, 1), theirClose.subarray(1)], 2, 'frame')
  assert.ok(passed.equals(Buffer.concat([text, theirClose])))
})

test('a sender that says Close after ours is seen to, though nothing of it passes', () => {
  const { passed, lane } = passAll([text, theirClose], 1, 'frame')
  assert.ok(passed.equals(Buffer.concat([text, ourClose])))
  assert.ok(lane.sawClose)
})

test('malformed framing passes on as it is, and no Close is put into it', () => {
  const malformed = Buffer.of(0x89, 0x7f, 1, 2, 3)
  const { passed } = passAll([malformed, text], 1, 'frame')
  assert.ok(passed.equals(Buffer.concat([malformed, text])))
})

test('a receiver that is full pauses the sender, but not after our Close', () => {
  const lane = new Lane(
    () => false,
    () => ourClose,
  )
  assert.equal(lane.pass(text), false)
  lane.close('frame')
  assert.equal(lane.pass(text), true)
})
