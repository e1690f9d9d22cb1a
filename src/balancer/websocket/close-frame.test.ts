import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goingAway, writeCloseFrame } from './close-frame.ts'

test('a Close to the client is its code and its reason, unmasked', () => {
  const frame = writeCloseFrame(goingAway, 'bye')
  assert.deepEqual(frame, Buffer.from([0x88, 5, 0x03, 0xe9, 0x62, 0x79, 0x65]))
})

test('a Close to the server is masked with the mask it is given', () => {
  const frame = writeCloseFrame(goingAway, 'bye', Buffer.of(0xff, 0x00, 0x0f, 0xf0))
  assert.deepEqual(frame, Buffer.from([0x88, 0x85, 0xff, 0x00, 0x0f, 0xf0, 0xfc, 0xe9, 0x6d, 0x89, 0x9a]))
})

test('a reason too long for a control frame and a mask of another size are refused', () => {
  assert.equal(writeCloseFrame(goingAway, 'x'.repeat(123)).length, 127)
  assert.throws(() => writeCloseFrame(goingAway, 'é'.repeat(62)), {
    name: 'RangeError',
    message: 'Cannot write a Close frame: its payload of 126 bytes exceeds 125',
  })
  assert.throws(() => writeCloseFrame(goingAway, '', Buffer.of(1, 2)), {
    name: 'RangeError',
    message: 'Cannot write a Close frame: a mask of 2 bytes is not one of 4',
  })
})
